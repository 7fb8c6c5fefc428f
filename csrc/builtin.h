/* builtin.h - sending and receiving short messages as builtins of CPython.
 *
 * CFFI packs the arguments of a call in a tuple and takes it apart again: some
 * 70 ns for the four of pymq_hub_send, more than the call itself takes; and
 * bytes that are received have to be cut out of a slot.  So the calls that
 * programs make for every message, of one frame or of several, are builtins
 * here, bound to their hub.  They
 * do nothing that the plain calls could not do, and PyPy, whose compiler makes
 * CFFI's calls cheap, has only those.
 *
 * For the generated module only, and of the limited API only what Python 3.9
 * has.
 */
#ifndef PYMQ_BUILTIN_H
#define PYMQ_BUILTIN_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

#include <errno.h>

static PyObject *quick_send(PyObject *self, PyObject *data)
{
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    char *bytes;
    Py_ssize_t size;
    if (hub == NULL || PyBytes_AsStringAndSize(data, &bytes, &size) < 0)
        return NULL;
    return PyLong_FromLong(pymq_hub_send(hub, bytes, (size_t)size, 0));
}

/* Bytes, or a negative errno, or None: receive in the plain way. */
static PyObject *quick_recv(PyObject *self, PyObject *unused)
{
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    char bytes[PYMQ_SLOT];
    (void)unused;
    if (hub == NULL)
        return NULL;
    int64_t size = pymq_hub_recv_short(hub, bytes);
    if (size == -EMSGSIZE || size == -EALREADY)
        Py_RETURN_NONE;
    if (size < 0)
        return PyLong_FromLongLong(size);
    return PyBytes_FromStringAndSize(bytes, (Py_ssize_t)size);
}

/* Whether all are bytes, none of them long. */
static int are_short(PyObject *frames)
{
    if (!PyList_Check(frames))
        return 0;
    Py_ssize_t count = PyList_Size(frames);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *frame = PyList_GetItem(frames, i);
        if (!PyBytes_Check(frame) || PyBytes_Size(frame) > PYMQ_SLOT)
            return 0;
    }
    return count > 0;
}

/* 0, or a negative errno, or None: send frame by frame. */
static PyObject *quick_send_message(PyObject *self, PyObject *frames)
{
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL)
        return NULL;
    if (!are_short(frames))
        Py_RETURN_NONE;
    int result = 0;
    Py_ssize_t count = PyList_Size(frames);
    for (Py_ssize_t i = 0; i < count && result == 0; i++) {
        PyObject *frame = PyList_GetItem(frames, i);
        result = pymq_hub_send(hub, PyBytes_AsString(frame),
                               (size_t)PyBytes_Size(frame), i < count - 1);
    }
    return PyLong_FromLong(result);
}

static int append_new(PyObject *list, PyObject *item)
{
    int result = item != NULL ? PyList_Append(list, item) : -1;
    Py_XDECREF(item);
    return result;
}

/* The frames of a message, or a negative errno, or None: receive frame by
 * frame.  So is the rest to be, if the last one is None. */
static PyObject *quick_recv_message(PyObject *self, PyObject *unused)
{
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    char bytes[PYMQ_SLOT];
    (void)unused;
    if (hub == NULL)
        return NULL;
    int64_t got = pymq_hub_recv_frame(hub, bytes);
    if (got == -EMSGSIZE || got == -EALREADY)
        Py_RETURN_NONE;
    if (got < 0)
        return PyLong_FromLongLong(got);
    PyObject *list = PyList_New(0);
    int failed = list == NULL;
    for (; !failed; got = pymq_hub_recv_frame(hub, bytes)) {
        failed = got < 0 ? PyList_Append(list, Py_None)
                         : append_new(list, PyBytes_FromStringAndSize(
                                                bytes, (Py_ssize_t)(got >> 1)));
        if (got < 0 || !(got & 1))
            break;
    }
    if (failed)
        Py_CLEAR(list);
    return list;
}

static PyMethodDef quick_methods[] = {
    {"quick_send", quick_send, METH_O, NULL},
    {"quick_recv", quick_recv, METH_NOARGS, NULL},
    {"quick_send_message", quick_send_message, METH_O, NULL},
    {"quick_recv_message", quick_recv_message, METH_NOARGS, NULL},
};

enum { METHODS = sizeof quick_methods / sizeof quick_methods[0] };

static void forget_hub(PyObject *capsule)
{
    pymq_hub_drop(PyCapsule_GetPointer(capsule, NULL));
}

/* The builtins of the hub at an address, as a list. */
static PyObject *bind_hub(PyObject *module, PyObject *address)
{
    (void)module;
    pymq_hub *hub = PyLong_AsVoidPtr(address);
    if (hub == NULL)
        return NULL;
    PyObject *capsule = PyCapsule_New(hub, NULL, forget_hub);
    if (capsule == NULL)
        return NULL;
    pymq_hub_hold(hub);
    PyObject *bound = PyList_New(0);
    int failed = bound == NULL;
    for (int i = 0; i < METHODS && !failed; i++)
        failed = append_new(
            bound, PyCFunction_NewEx(&quick_methods[i], capsule, NULL));
    Py_DECREF(capsule);
    if (failed)
        Py_CLEAR(bound);
    return bound;
}

static PyMethodDef bind_method = {"bind_hub", bind_hub, METH_O, NULL};

/* Puts bind_hub in a module: 1, or 0 without. */
int pymq_add_builtins(const char *module)
{
    PyObject *into = PyImport_AddModule(module);
    PyObject *bind = PyCFunction_NewEx(&bind_method, NULL, NULL);
    int result = -1;
    if (into != NULL && bind != NULL)
        result = PyObject_SetAttrString(into, bind_method.ml_name, bind);
    Py_XDECREF(bind);
    if (result < 0)
        PyErr_Clear();
    return result == 0;
}

#else

int pymq_add_builtins(const char *module)
{
    (void)module;
    return 0;
}

#endif
#endif
