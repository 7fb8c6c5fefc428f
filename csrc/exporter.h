/* exporter.h - a class whose objects lend the buffer that their attribute
 * `buffer` lends.
 *
 * Frames have to, and before Python 3.12 no class of Python can.
 *
 * For the generated module only.
 */
#ifndef PYMQ_EXPORTER_H
#define PYMQ_EXPORTER_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

/* Every Python that we run on has these, under these numbers; the limited API
 * tells of them only from 3.11 on.  What a view looks like need not be known:
 * it is passed on. */
#if defined(Py_LIMITED_API) && Py_LIMITED_API < 0x030b0000
typedef void python_view;
PyAPI_FUNC(int) PyObject_GetBuffer(PyObject *, python_view *, int);
enum { GETBUFFER_SLOT = 1 };
#else
typedef Py_buffer python_view;
enum { GETBUFFER_SLOT = Py_bf_getbuffer };
#endif

static int export_buffer(PyObject *self, python_view *view, int flags)
{
    PyObject *buffer = PyObject_GetAttrString(self, "buffer");
    if (buffer == NULL)
        return -1;
    int result = PyObject_GetBuffer(buffer, view, flags);
    Py_DECREF(buffer);
    return result;
}

static PyType_Slot exporter_slots[] = {
    {GETBUFFER_SLOT, export_buffer},
    {0, NULL},
};

static PyType_Spec exporter_spec = {
    "pymq._core.Exporter",
    0,
    0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    exporter_slots,
};

static int add_exporter(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&exporter_spec);
    int result = -1;
    if (type != NULL)
        result = PyObject_SetAttrString(module, "Exporter", type);
    Py_XDECREF(type);
    return result;
}

#endif
#endif
