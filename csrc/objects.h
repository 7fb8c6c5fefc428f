/* objects.h - bytes objects that are on loan to C: a reference, and no copy.
 *
 * A loan's token (loan.h) is the address of the object, made negative.  The
 * last reader of the bytes may be a thread that must not call Python, so
 * references are dropped by the next call that has the GIL.
 *
 * For the generated module only.
 */
#ifndef PYMQ_OBJECTS_H
#define PYMQ_OBJECTS_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

/* The token has a reference of its own. */
static int64_t token_of(PyObject *object)
{
    Py_INCREF(object);
    return -(int64_t)(intptr_t)object;
}

/* Returns a new reference; the loan goes on. */
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

/* Documented, but not of the limited API.  A Python without it makes a new
 * object for each body. */
extern int _PyBytes_Resize(PyObject **, Py_ssize_t) __attribute__((weak));

static void keep_given(int place, PyObject *object)
{
    size_t size = (size_t)PyBytes_Size(object);
    int64_t token = token_of(object);
    if (pymq_stock_give(place, PyBytes_AsString(object), size, token) != 0)
        Py_DECREF(object);
}

/* Keeps an object that a user got.  The older one that was kept moves on, if
 * it is still in use. */
static void give(PyObject *object)
{
    size_t size = 0;
    if (PyBytes_Size(object) <= PYMQ_GIVEN_FROM || _PyBytes_Resize == NULL)
        return;
    int64_t before = pymq_stock_given(0, &size);
    if (before != 0) {
        PyObject *older = (PyObject *)(intptr_t)-before;
        keep_given(1, older);
        Py_DECREF(older);
    }
    keep_given(0, object);
}

/* Only the caller has the object.  To change its size and change it back makes
 * Python forget its hash. */
static PyObject *renew(PyObject *object, size_t size)
{
    if (_PyBytes_Resize(&object, (Py_ssize_t)size - 1) < 0
        || _PyBytes_Resize(&object, (Py_ssize_t)size) < 0)
        PyErr_Clear();
    return object;
}

/* Returns an object of that size that its user has let go of, or NULL. */
static PyObject *take_given(size_t wanted)
{
    for (int i = 0; i < PYMQ_STOCK_GIVEN; i++) {
        size_t size = 0;
        int64_t token = pymq_stock_given(i, &size);
        if (token == 0)
            continue;
        PyObject *object = (PyObject *)(intptr_t)-token;
        if (Py_REFCNT(object) == 1 && size == wanted)
            return renew(object, size);
        if (Py_REFCNT(object) > 1)
            keep_given(i, object);
        Py_DECREF(object);
    }
    return NULL;
}

/* Makes an object for a body that is still to come.  C writes to it while
 * nobody else knows it. */
static void stock(size_t size)
{
    PyObject *bytes = size > PYMQ_GIVEN_FROM ? take_given(size) : NULL;
    if (bytes == NULL)
        bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
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
