/* objects.h - bytes objects that C has on loan: a reference, and no copy.
 *
 * A loan's token (loan.h) is the object's address, made negative.  The last
 * to read the bytes may not be a thread that knows of Python, so references
 * are let go of by whoever passes by with the GIL.
 *
 * For the generated module only.
 */
#ifndef PYMQ_OBJECTS_H
#define PYMQ_OBJECTS_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

/* Takes a reference along. */
static int64_t token_of(PyObject *object)
{
    Py_INCREF(object);
    return -(int64_t)(intptr_t)object;
}

/* A new reference; the loan is not over. */
static PyObject *object_of(int64_t token)
{
    PyObject *object = (PyObject *)(intptr_t)-token;
    Py_INCREF(object);
    return object;
}

static void let_go(void)
{
    int64_t tokens[64];
    int count;
    do {
        count = pymq_take_objects(tokens, 64);
        for (int i = 0; i < count; i++)
            Py_DECREF((PyObject *)(intptr_t)-tokens[i]);
    } while (count == 64);
}

/* Makes an object for a body that is still to come.  C writes to it while
 * nobody else knows of it. */
static void stock(size_t size)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (bytes == NULL)
        PyErr_Clear();
    else if (pymq_stock_add(PyBytes_AsString(bytes), size, token_of(bytes)))
        Py_DECREF(bytes);
    Py_XDECREF(bytes);
}

static int take_returned(int64_t *into, int room)
{
    let_go();
    return pymq_take_returned(into, room);
}
#define pymq_take_returned take_returned

#endif
#endif
