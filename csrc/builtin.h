/* builtin.h - sending and receiving messages as builtins of CPython.
 *
 * CFFI packs the arguments of a call in a tuple and takes it apart again.  For
 * the four of pymq_hub_send that takes some 70 ns, more than the call itself.
 * Bytes that are received have to be copied from a slot, and a loan needs a
 * token that Python keeps.  So the calls that programs make for every message
 * are builtins here, bound to their hub.  They do nothing that the plain calls
 * could not do.  PyPy has only the plain calls, because its compiler makes
 * CFFI's calls cheap.
 *
 * For the generated module only.  Of the limited API it uses only what Python
 * 3.9 has.
 */
#ifndef PYMQ_BUILTIN_H
#define PYMQ_BUILTIN_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

#include <errno.h>
#include <limits.h>

/* Bytes from this size on are lent, not copied: a loan costs some 100 ns. */
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

/* An object is received as it is.  To copy may take long: the next body need
 * not wait for its object. */
static PyObject *body_of(int64_t token, const char *data, size_t size)
{
    if (pymq_stock_wants(size))
        stock(size);
    PyObject *body = token < 0 ? object_of(token) : copy_body(data, size);
    if (body != NULL)
        give(body);
    return body;
}

/* Returns the body in a slot, and clears the slot. */
static PyObject *take_body(pymq_slot *slot, size_t size)
{
    if (size <= PYMQ_SLOT)
        return PyBytes_FromStringAndSize(slot->bytes, (Py_ssize_t)size);
    PyObject *body = body_of(slot->token, slot->data, size);
    pymq_slot_clear(slot);
    let_go();
    return body;
}

/* Returns bytes, or a negative errno, or None: receive in the plain way. */
static PyObject *quick_recv(PyObject *self, PyObject *unused)
{
    pymq_slot slot;
    (void)unused;
    slot.hub = PyCapsule_GetPointer(self, NULL);
    int64_t size = pymq_slot_recv_plain(&slot);
    if (size == -EMSGSIZE || size == -EALREADY)
        Py_RETURN_NONE;
    if (size < 0)
        return PyLong_FromLongLong(size);
    return take_body(&slot, (size_t)size);
}

/* Returns (bytes, the pipe that they came from, whether more follow), or a
 * negative errno, or None: receive in the plain way, which has views of long
 * bodies. */
static PyObject *quick_recv_from(PyObject *self, PyObject *unused)
{
    pymq_slot slot;
    (void)unused;
    slot.hub = PyCapsule_GetPointer(self, NULL);
    slot.copies = 1;
    int64_t result = pymq_slot_recv(&slot);
    if (result == -EMSGSIZE || result == -EALREADY)
        Py_RETURN_NONE;
    if (result < 0)
        return PyLong_FromLongLong(result);
    PyObject *body = take_body(&slot, (size_t)(result >> 2));
    PyObject *pipe = PyLong_FromLongLong(slot.peer);
    PyObject *found = NULL;
    if (body != NULL && pipe != NULL)
        found = PyTuple_Pack(3, body, pipe, result & 1 ? Py_True : Py_False);
    Py_XDECREF(body);
    Py_XDECREF(pipe);
    return found;
}

/* Releases the loans of the parts from one on. */
static void unlist(const pymq_part *parts, int from, int count)
{
    for (int i = from; i < count; i++)
        if (parts[i].token != 0)
            Py_DECREF((PyObject *)(intptr_t)-parts[i].token);
}

/* Fills in the parts; the loans among them have references of their own.
 * Returns whether all are bytes; if not, nothing is filled in. */
static int list_parts(PyObject *frames, pymq_part *parts, int count)
{
    for (int i = 0; i < count; i++) {
        PyObject *data = PyList_GetItem(frames, i);
        if (!PyBytes_CheckExact(data)) {
            unlist(parts, 0, i);
            return 0;
        }
        size_t size = (size_t)PyBytes_Size(data);
        parts[i].data = PyBytes_AsString(data);
        parts[i].size = size;
        parts[i].token = size < LEND_FROM ? 0 : token_of(data);
    }
    return 1;
}

static PyObject *send_list(pymq_hub *hub, PyObject *frames, pymq_part *parts,
                           int count)
{
    let_go();
    if (!list_parts(frames, parts, count))
        Py_RETURN_NONE;
    int result = pymq_hub_send_message(hub, parts, count, 0);
    if (result == -ENOBUFS) {
        unlist(parts, 0, count);
        result = -ENOMEM;
    }
    return PyLong_FromLong(result);
}

/* Returns 0, or a negative errno, or None: send it in the plain way. */
static PyObject *quick_send_message(PyObject *self, PyObject *frames)
{
    pymq_part few[PYMQ_FEW];
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    Py_ssize_t count = PyList_Check(frames) ? PyList_Size(frames) : 0;
    if (count == 0 || count > INT_MAX)
        Py_RETURN_NONE;
    pymq_part *parts = few;
    if (count > PYMQ_FEW)
        parts = PyMem_Malloc((size_t)count * sizeof *parts);
    if (parts == NULL)
        return PyErr_NoMemory();
    PyObject *result = send_list(hub, frames, parts, (int)count);
    if (parts != few)
        PyMem_Free(parts);
    return result;
}

enum { MANY = 1024 }; /* messages, on the stack */

/* See pymq_hub_send_each; or None: send them in the plain way. */
static PyObject *quick_send_many(PyObject *self, PyObject *messages)
{
    pymq_part parts[MANY];
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    Py_ssize_t count = PyList_Check(messages) ? PyList_Size(messages) : 0;
    if (count == 0 || count > MANY)
        Py_RETURN_NONE;
    let_go();
    if (!list_parts(messages, parts, (int)count))
        Py_RETURN_NONE;
    int sent = pymq_hub_send_each(hub, parts, (int)count);
    unlist(parts, sent < 0 ? 0 : sent, (int)count);
    return PyLong_FromLong(sent);
}

static int append_new(PyObject *list, PyObject *item)
{
    int result = item != NULL ? PyList_Append(list, item) : -1;
    Py_XDECREF(item);
    return result;
}

/* This touches nothing of the hub, so other threads may run while a long body
 * is copied. */
static int append_bodies(PyObject *list, const pymq_part *parts, int count)
{
    int failed = 0;
    for (int i = 0; i < count && !failed; i++)
        failed = append_new(list, body_of(parts[i].token, parts[i].data,
                                          parts[i].size));
    return failed;
}

/* Returns the frames of a message, or a negative errno, or None: receive it in
 * the plain way. */
static PyObject *quick_recv_message(PyObject *self, PyObject *unused)
{
    pymq_message message;
    (void)unused;
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    int result = pymq_hub_recv_message(hub, &message);
    if (result == -EALREADY)
        Py_RETURN_NONE;
    if (result < 0)
        return PyLong_FromLong(result);
    PyObject *list = PyList_New(0);
    if (list != NULL && append_bodies(list, message.parts, message.count))
        Py_CLEAR(list);
    pymq_message_clear(&message);
    let_go();
    return list;
}

/* Returns a list of at most so many messages of one frame that are there. */
static PyObject *quick_recv_many(PyObject *self, PyObject *most)
{
    pymq_part parts[MANY];
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    Py_ssize_t left = PyLong_AsSsize_t(most);
    if (PyErr_Occurred())
        return NULL;
    PyObject *list = PyList_New(0);
    for (int count = 1; list != NULL && left > 0 && count > 0;) {
        int room = left < MANY ? (int)left : MANY;
        count = pymq_hub_recv_each(hub, parts, room);
        if (append_bodies(list, parts, count))
            Py_CLEAR(list);
        for (int i = 0; i < count; i++)
            pymq_chunk_drop(parts[i].chunk);
        left -= count;
    }
    let_go();
    return list;
}

static PyMethodDef quick_methods[] = {
    {"quick_send", quick_send, METH_O, NULL},
    {"quick_recv", quick_recv, METH_NOARGS, NULL},
    {"quick_recv_from", quick_recv_from, METH_NOARGS, NULL},
    {"quick_send_message", quick_send_message, METH_O, NULL},
    {"quick_recv_message", quick_recv_message, METH_NOARGS, NULL},
    {"quick_send_many", quick_send_many, METH_O, NULL},
    {"quick_recv_many", quick_recv_many, METH_O, NULL},
    {"quick_totals", quick_totals, METH_O, NULL},
    {"quick_peers", quick_peers, METH_VARARGS, NULL},
};

enum { METHODS = sizeof quick_methods / sizeof quick_methods[0] };

/* Returns a list of the builtins of the hub that a capsule owns (owner.h). */
static PyObject *bind_hub(PyObject *module, PyObject *capsule)
{
    (void)module;
    if (PyCapsule_GetPointer(capsule, NULL) == NULL)
        return NULL;
    PyObject *bound = PyList_New(0);
    for (int i = 0; bound != NULL && i < METHODS; i++)
        if (append_new(bound,
                       PyCFunction_NewEx(&quick_methods[i], capsule, NULL)))
            Py_CLEAR(bound);
    return bound;
}

/* Returns the object that was lent, by its token. */
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

#endif

int pymq_extend(const char *name)
{
    int extended = 0;
#ifdef PYPY_VERSION
    (void)name;
#else
    PyObject *module = PyImport_AddModule(name);
    if (module != NULL && add_owners(module) == 0)
        extended = 1;
#ifndef Py_GIL_DISABLED
    if (extended && PyModule_AddFunctions(module, module_methods) == 0
        && add_exporter(module) == 0)
        extended = 2;
#endif
    PyErr_Clear();
#endif
    return extended;
}

#endif
