/* owner.h - Python objects that own C objects and release them with the last
 * reference.
 *
 * CFFI's gc releases them, too.  But if they are part of a reference cycle it
 * does so before the finalizers of the other objects in the cycle have run,
 * and those may still use them.  Capsules, and objects that the collector does
 * not track, are released later.  PyPy runs finalizers in the right order.
 *
 * For the generated module only.  Of the limited API it uses only what Python
 * 3.9 has.
 */
#ifndef PYMQ_OWNER_H
#define PYMQ_OWNER_H
#ifndef PYPY_VERSION

/* Every Python that we run on has these, under these numbers; the limited API
 * tells of them only from 3.11 on.  What a view looks like need not be known:
 * it is passed on. */
#if defined(Py_LIMITED_API) && Py_LIMITED_API < 0x030b0000
typedef void python_view;
PyAPI_FUNC(int) PyObject_GetBuffer(PyObject *, python_view *, int);
PyAPI_FUNC(int)
    PyBuffer_FillInfo(python_view *, PyObject *, void *, Py_ssize_t, int, int);
enum { GETBUFFER_SLOT = 1 };
#else
typedef Py_buffer python_view;
enum { GETBUFFER_SLOT = Py_bf_getbuffer };
#endif

static void release_loop(PyObject *capsule)
{
    pymq_loop_release(PyCapsule_GetPointer(capsule, NULL));
}

static void release_hub(PyObject *capsule)
{
    pymq_hub_release(PyCapsule_GetPointer(capsule, NULL));
}

static void release_pipe(PyObject *capsule)
{
    pymq_pipe_release(PyCapsule_GetPointer(capsule, NULL));
}

static const PyCapsule_Destructor releases[] = {release_loop, release_hub,
                                                release_pipe};

/* Makes a capsule that owns the object at an address; `noun` is an index of
 * the table above. */
static PyObject *own(PyObject *module, PyObject *args)
{
    Py_ssize_t address;
    int noun;
    (void)module;
    if (!PyArg_ParseTuple(args, "in", &noun, &address))
        return NULL;
    return PyCapsule_New((void *)address, NULL, releases[noun]);
}

/* Bytes in a chunk, which may be on loan. */
struct body {
    PyObject_HEAD
    void *chunk;
    PyObject *loan;
    char *data;
    Py_ssize_t size;
    int common; /* others look at them, too */
};

static PyTypeObject *body_type;

static int lend_body(PyObject *self, python_view *view, int flags)
{
    struct body *body = (struct body *)self;
    return PyBuffer_FillInfo(view, self, body->data, body->size, body->common,
                             flags);
}

static void end_body(PyObject *self)
{
    struct body *body = (struct body *)self;
    PyObject *type = (PyObject *)Py_TYPE(self);
    pymq_chunk_drop(body->chunk);
    Py_XDECREF(body->loan); /* whoever calls its type has an empty one */
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyType_Slot body_slots[] = {
    {GETBUFFER_SLOT, lend_body},
    {Py_tp_dealloc, end_body},
    {0, NULL},
};

static PyType_Spec body_spec = {
    "pymq._core.Body", sizeof(struct body), 0, Py_TPFLAGS_DEFAULT, body_slots,
};

/* Of the addresses of a chunk and of bytes in it. */
static PyObject *own_body(PyObject *module, PyObject *args)
{
    Py_ssize_t chunk, data, size;
    PyObject *loan;
    int common;
    (void)module;
    if (!PyArg_ParseTuple(args, "nnniO", &chunk, &data, &size, &common, &loan))
        return NULL;
    struct body *body = PyObject_New(struct body, body_type);
    if (body == NULL)
        return NULL;
    body->chunk = (void *)chunk;
    body->data = (char *)data;
    body->size = size;
    body->common = common;
    body->loan = loan;
    Py_INCREF(loan);
    return (PyObject *)body;
}

static PyMethodDef owner_methods[] = {
    {"own", own, METH_VARARGS, NULL},
    {"own_body", own_body, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int add_owners(PyObject *module)
{
    body_type = (PyTypeObject *)PyType_FromSpec(&body_spec);
    return body_type == NULL ? -1
                             : PyModule_AddFunctions(module, owner_methods);
}

#endif
#endif
