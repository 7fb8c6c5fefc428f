/* builtin.h - sending and receiving messages as builtins of CPython.
 *
 * CFFI packs the arguments of a call in a tuple and takes it apart again: some
 * 70 ns for the four of pymq_hub_send, more than the call itself takes; bytes
 * that are received have to be cut out of a slot, and a loan needs a token
 * that Python keeps.  So the calls that programs make for every message, of
 * one frame or of several, are builtins here, bound to their hub.  They do
 * nothing that the plain calls could not do, and PyPy, whose compiler makes
 * CFFI's calls cheap, has only those.
 *
 * For the generated module only, and of the limited API only what Python 3.9
 * has.
 */
#ifndef PYMQ_BUILTIN_H
#define PYMQ_BUILTIN_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

#include <errno.h>
#include <limits.h>

/* Bytes that are lent, not copied: a loan costs some 100 ns. */
enum { LEND_FROM = PYMQ_SLOT + 1 };

static int send_bytes(pymq_hub *hub, PyObject *data)
{
    size_t size = (size_t)PyBytes_Size(data);
    char *bytes = PyBytes_AsString(data);
    if (size < LEND_FROM)
        return pymq_hub_send(hub, bytes, size, 0);
    if (!PyBytes_CheckExact(data))
        return -E2BIG;
    let_go();
    int result =
        pymq_hub_send_long(hub, bytes, size, 0, token_of(data));
    if (result != -ENOBUFS)
        return result;
    Py_DECREF(data);
    return -ENOMEM;
}

static PyObject *quick_send(PyObject *self, PyObject *data)
{
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL)
        return NULL;
    if (!PyBytes_Check(data)) {
        PyErr_SetString(PyExc_TypeError, "only bytes are sent this way");
        return NULL;
    }
    return PyLong_FromLong(send_bytes(hub, data));
}

enum { UNLOCKED_FROM = 1 << 20 }; /* bytes: copied without the GIL */

static PyObject *copy_body(const char *from, size_t size)
{
    if (size < UNLOCKED_FROM)
        return PyBytes_FromStringAndSize(from, (Py_ssize_t)size);
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes != NULL)
        pymq_copy(PyBytes_AsString(bytes), from, size);
    return bytes;
}

/* The body in a slot, which is cleared.  An object is received as it is. */
static PyObject *take_body(pymq_slot *slot, size_t size)
{
    if (size <= PYMQ_SLOT)
        return PyBytes_FromStringAndSize(slot->bytes, (Py_ssize_t)size);
    PyObject *body = slot->token < 0 ? object_of(slot->token)
                                     : copy_body(slot->data, size);
    pymq_slot_clear(slot);
    let_go();
    if (pymq_stock_wants(size))
        stock(size);
    return body;
}

/* Bytes, or a negative errno, or None: receive in the plain way. */
static PyObject *quick_recv(PyObject *self, PyObject *unused)
{
    pymq_slot slot;
    (void)unused;
    slot.hub = PyCapsule_GetPointer(self, NULL);
    if (slot.hub == NULL)
        return NULL;
    int64_t size = pymq_slot_recv_plain(&slot);
    if (size == -EMSGSIZE || size == -EALREADY)
        Py_RETURN_NONE;
    if (size < 0)
        return PyLong_FromLongLong(size);
    return take_body(&slot, (size_t)size);
}

static int are_bytes(PyObject *frames)
{
    if (!PyList_Check(frames))
        return 0;
    Py_ssize_t count = PyList_Size(frames);
    for (Py_ssize_t i = 0; i < count; i++)
        if (!PyBytes_CheckExact(PyList_GetItem(frames, i)))
            return 0;
    return count > 0;
}

/* Fills in the parts; the loans among them have references of their own. */
static void list_parts(PyObject *frames, pymq_part *parts, int count)
{
    for (int i = 0; i < count; i++) {
        PyObject *data = PyList_GetItem(frames, i);
        size_t size = (size_t)PyBytes_Size(data);
        parts[i].data = PyBytes_AsString(data);
        parts[i].size = size;
        parts[i].token = size < LEND_FROM ? 0 : token_of(data);
    }
}

static int send_list(pymq_hub *hub, PyObject *frames, pymq_part *parts,
                     int count)
{
    let_go();
    list_parts(frames, parts, count);
    int result = pymq_hub_send_message(hub, parts, count, 0);
    if (result != -ENOBUFS)
        return result;
    for (int i = 0; i < count; i++)
        if (parts[i].token != 0)
            Py_DECREF(PyList_GetItem(frames, i));
    return -ENOMEM;
}

/* 0, or a negative errno, or None: send it in the plain way. */
static PyObject *quick_send_message(PyObject *self, PyObject *frames)
{
    pymq_part few[PYMQ_FEW];
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL)
        return NULL;
    if (!are_bytes(frames) || PyList_Size(frames) > INT_MAX)
        Py_RETURN_NONE;
    int count = (int)PyList_Size(frames);
    pymq_part *parts = few;
    if (count > PYMQ_FEW)
        parts = PyMem_Malloc((size_t)count * sizeof *parts);
    if (parts == NULL)
        return PyErr_NoMemory();
    int result = send_list(hub, frames, parts, count);
    if (parts != few)
        PyMem_Free(parts);
    return PyLong_FromLong(result);
}

/* How many of them are there; 0 unless all are short bytes. */
static int list_short(PyObject *messages, pymq_part *parts, int count)
{
    for (int i = 0; i < count; i++) {
        PyObject *data = PyList_GetItem(messages, i);
        if (!PyBytes_CheckExact(data))
            return 0;
        parts[i].data = PyBytes_AsString(data);
        parts[i].size = (size_t)PyBytes_Size(data);
        if (parts[i].size >= LEND_FROM)
            return 0;
    }
    return count;
}

enum { MANY = 1024 }; /* messages, on the stack */

/* As pymq_hub_send_many, or None: send them in the plain way. */
static PyObject *quick_send_many(PyObject *self, PyObject *messages)
{
    pymq_part parts[MANY];
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL)
        return NULL;
    if (!PyList_Check(messages) || PyList_Size(messages) > MANY)
        Py_RETURN_NONE;
    int count = list_short(messages, parts, (int)PyList_Size(messages));
    if (count == 0)
        Py_RETURN_NONE;
    return PyLong_FromLong(pymq_hub_send_each(hub, parts, count));
}

static int append_new(PyObject *list, PyObject *item)
{
    int result = item != NULL ? PyList_Append(list, item) : -1;
    Py_XDECREF(item);
    return result;
}

/* An object is received as it is. */
static PyObject *part_body(const pymq_part *part)
{
    if (part->token < 0)
        return object_of(part->token);
    return copy_body(part->data, part->size);
}

/* Nothing of the hub: other threads may run while a long body is copied. */
static PyObject *list_bodies(const pymq_message *message)
{
    PyObject *list = PyList_New(message->count);
    for (int i = 0; list != NULL && i < message->count; i++) {
        PyObject *body = part_body(&message->parts[i]);
        if (body == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, i, body);
    }
    return list;
}

/* The frames of a message, or a negative errno, or None: receive it in the
 * plain way. */
static PyObject *quick_recv_message(PyObject *self, PyObject *unused)
{
    pymq_message message;
    (void)unused;
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL)
        return NULL;
    int result = pymq_hub_recv_message(hub, &message);
    if (result == -EALREADY)
        Py_RETURN_NONE;
    if (result < 0)
        return PyLong_FromLong(result);
    PyObject *list = list_bodies(&message);
    pymq_message_clear(&message);
    let_go();
    return list;
}

static PyMethodDef quick_methods[] = {
    {"quick_send", quick_send, METH_O, NULL},
    {"quick_recv", quick_recv, METH_NOARGS, NULL},
    {"quick_send_message", quick_send_message, METH_O, NULL},
    {"quick_recv_message", quick_recv_message, METH_NOARGS, NULL},
    {"quick_send_many", quick_send_many, METH_O, NULL},
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

/* What was lent, by its token. */
static PyObject *lent_object(PyObject *module, PyObject *token)
{
    (void)module;
    int64_t number = PyLong_AsLongLong(token);
    return number < 0 ? object_of(number) : NULL;
}

static PyMethodDef module_methods[] = {
    {"bind_hub", bind_hub, METH_O, NULL},
    {"lent_object", lent_object, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

/* Puts these in a module: 1, or 0 without. */
int pymq_add_builtins(const char *name)
{
    PyObject *module = PyImport_AddModule(name);
    if (module != NULL && PyModule_AddFunctions(module, module_methods) == 0 &&
        add_exporter(module) == 0)
        return 1;
    PyErr_Clear();
    return 0;
}

#else

int pymq_add_builtins(const char *name)
{
    (void)name;
    return 0;
}

#endif
#endif
