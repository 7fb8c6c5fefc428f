/* gil.h - which calls give up the GIL.
 *
 * CFFI gives it up around every call.  That costs microseconds for each call
 * while another Python thread is busy.  Our calls do not block, so they keep
 * the GIL; the one call that waits gives it up here.  PyPy has no such macros,
 * and builds without a GIL lose nothing by CFFI's way.
 *
 * For the generated module only, which alone knows Python.h.
 */
#ifndef PYMQ_GIL_H
#define PYMQ_GIL_H
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)

#undef Py_BEGIN_ALLOW_THREADS
#undef Py_END_ALLOW_THREADS
#define Py_BEGIN_ALLOW_THREADS {
#define Py_END_ALLOW_THREADS }

static int hub_wait_without_gil(pymq_hub *hub, int events, int timeout)
{
    let_go();
    PyThreadState *state = PyEval_SaveThread();
    int result = pymq_hub_wait(hub, events, timeout);
    PyEval_RestoreThread(state);
    return result;
}
#define pymq_hub_wait hub_wait_without_gil

static void copy_without_gil(char *to, const char *from, size_t size)
{
    PyThreadState *state = PyEval_SaveThread();
    pymq_copy(to, from, size);
    PyEval_RestoreThread(state);
}
#define pymq_copy copy_without_gil

#endif
#endif
