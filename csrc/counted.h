/* counted.h - Counts and Peer records (counts.py), made by builtins
 * (builtin.h).
 *
 * A record is an object of a NamedTuple's class.  To call the class makes a
 * tuple first, which is copied and thrown away; here the items are put in
 * directly.  The Python objects are made after the hub's lock was released,
 * because to make one may run the garbage collector, and that may call
 * anything.
 *
 * For the generated module only.  Of the limited API it uses only what Python
 * 3.9 has.
 */
#ifndef PYMQ_COUNTED_H
#define PYMQ_COUNTED_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

enum { SUMS = 8, HEAD = 5, PEER = HEAD + 9 }; /* items of a record's parts */

static PyObject *record_new(PyObject *class, int size)
{
    if (PyType_Check(class)
        && PyType_IsSubtype((PyTypeObject *)class, &PyTuple_Type))
        return PyType_GenericAlloc((PyTypeObject *)class, size);
    PyErr_SetString(PyExc_TypeError, "records are tuples");
    return NULL;
}

/* Puts `items`, which are new references or NULL, at the end of a record. */
static int fill(PyObject *record, int at, PyObject **items, int count)
{
    int failed = 0;
    for (int i = 0; i < count; i++)
        if (items[i] == NULL || PyTuple_SetItem(record, at + i, items[i]) < 0)
            failed = -1;
    return failed;
}

static int fill_sums(PyObject *record, int at, const pymq_counts *counts)
{
    PyObject *items[] = {
        PyLong_FromLongLong(counts->messages_in),
        PyLong_FromLongLong(counts->bytes_in),
        PyLong_FromLongLong(counts->waiting_in),
        PyLong_FromLongLong(counts->messages_out),
        PyLong_FromLongLong(counts->bytes_out),
        PyLong_FromLongLong(counts->waiting_out),
        PyLong_FromLongLong(counts->dropped),
    };
    return fill(record, at, items, SUMS - 1);
}

static PyObject *sealed(PyObject *record, int failed)
{
    if (failed)
        Py_CLEAR(record);
    return record;
}

/* Returns the hub's totals, as a record of the given class. */
static PyObject *quick_totals(PyObject *self, PyObject *class)
{
    pymq_counts sums;
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    PyObject *record = hub == NULL ? NULL : record_new(class, SUMS);
    if (record == NULL)
        return NULL;
    pymq_hub_totals(hub, &sums);
    PyObject *peers = PyLong_FromLongLong(sums.peers);
    return sealed(record, fill(record, 0, &peers, 1)
                              | fill_sums(record, 1, &sums));
}

/* What is known of a peer; the name of its pipe comes before its own. */
static int fill_head(PyObject *record, PyObject *head, const pymq_peer *peer)
{
    const char *name = (const char *)peer->name + 1;
    PyObject *items[HEAD];
    for (int i = 0; i < HEAD; i++) {
        items[i] = PyTuple_GetItem(head, i);
        Py_XINCREF(items[i]);
    }
    if (peer->name[0] != 0) {
        Py_XDECREF(items[1]);
        items[1] = PyBytes_FromStringAndSize(name, peer->name[0]);
    }
    return fill(record, 0, items, HEAD);
}

static int fill_peer(PyObject *record, PyObject *head, const pymq_peer *peer)
{
    PyObject *link[] = {
        PyFloat_FromDouble(peer->since),
        PyBool_FromLong(peer->connected),
    };
    return fill_head(record, head, peer) | fill(record, HEAD, link, 2)
           | fill_sums(record, HEAD + 2, &peer->counts);
}

static PyObject *peer_record(PyObject *class, PyObject *known,
                             const pymq_peer *peer)
{
    PyObject *pipe = PyLong_FromLongLong(peer->pipe);
    PyObject *head = pipe == NULL ? NULL : PyObject_GetItem(known, pipe);
    PyObject *record = head == NULL ? NULL : record_new(class, PEER);
    if (record != NULL)
        record = sealed(record, fill_peer(record, head, peer));
    Py_XDECREF(head);
    Py_XDECREF(pipe);
    return record;
}

/* Adds what is `ahead`, by pipe, to what waits. */
static int add_ahead(pymq_peer *peers, int count, PyObject *ahead)
{
    for (int i = 0; i < count; i++) {
        PyObject *pipe = PyLong_FromLongLong(peers[i].pipe);
        if (pipe == NULL)
            return -1;
        PyObject *more = PyDict_GetItemWithError(ahead, pipe);
        Py_DECREF(pipe);
        if (more != NULL)
            peers[i].counts.waiting_in += PyLong_AsLongLong(more);
        if (PyErr_Occurred())
            return -1;
    }
    return 0;
}

static PyObject *list_peers(PyObject *class, PyObject *known,
                            const pymq_peer *peers, int count)
{
    PyObject *list = PyList_New(count);
    for (int i = 0; i < count && list != NULL; i++) {
        PyObject *record = peer_record(class, known, peers + i);
        if (record == NULL || PyList_SetItem(list, i, record) < 0)
            Py_CLEAR(list);
    }
    return list;
}

/* Returns all of them, in memory that the caller frees, or NULL. */
static pymq_peer *look_at_peers(pymq_hub *hub, int *count)
{
    pymq_peer *peers = NULL;
    int room = 0;
    while ((*count = pymq_hub_peers(hub, peers, room)) > room) {
        room = *count;
        PyMem_Free(peers);
        peers = PyMem_Malloc((size_t)room * sizeof *peers);
        if (peers == NULL)
            return NULL;
    }
    return peers != NULL ? peers : PyMem_Malloc(1);
}

/* Of a class of records, a mapping from pipes to what is known of them, and a
 * dict of how many messages of theirs are ahead: the hub's peers. */
static PyObject *quick_peers(PyObject *self, PyObject *arguments)
{
    PyObject *class, *known, *ahead, *list = NULL;
    int count;
    pymq_hub *hub = PyCapsule_GetPointer(self, NULL);
    if (hub == NULL
        || !PyArg_UnpackTuple(arguments, "peers", 3, 3, &class, &known, &ahead))
        return NULL;
    pymq_peer *peers = look_at_peers(hub, &count);
    if (peers == NULL)
        return PyErr_NoMemory();
    Py_ssize_t sources = PyDict_Size(ahead);
    if (sources == 0 || (sources > 0 && !add_ahead(peers, count, ahead)))
        list = list_peers(class, known, peers, count);
    PyMem_Free(peers);
    return list;
}

#endif
#endif
