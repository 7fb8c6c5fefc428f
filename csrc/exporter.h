/* exporter.h - a class whose objects have the buffer of their attribute
 * `buffer`.
 *
 * Frames need that, and before Python 3.12 no class written in Python can do
 * it.
 *
 * For the generated module only.
 */
#ifndef PYMQ_EXPORTER_H
#define PYMQ_EXPORTER_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

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
