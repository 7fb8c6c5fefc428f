/* worker.h - what every benchmark worker in C does alike: the command line
 * `WORKER WORKLOAD SIDE KEY=VALUE...`, the clocks, and the line of JSON that
 * is its result. Everything is static inline: a worker is one file to compile.
 */
#ifndef WORKER_H
#define WORKER_H
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer silence than this means that the peer is gone. */
#define PATIENCE_MS 10000

/* Round trips ahead of the timed ones: the first waits for the connection. */
#define WARM_UP 20

/* Exit code: this worker has no such workload or side. */
#define UNSUPPORTED 3

struct options {
    const char *endpoint, *library, *pattern;
    long size;          /* bytes of a message */
    long count;         /* messages, or timed round trips */
    long warm;          /* messages of a stream ahead of those */
    long hwm;           /* messages; -1: as the library has it */
    long sndbuf;        /* bytes; 0: as the system has it */
    long rcvbuf;        /* bytes; 0: as the system has it */
    long cpu;           /* the only core to use; -1: any */
    long many;          /* 1: send in blocks of many messages */
    long copy;          /* known and ignored: C has one way here */
    long gap_ms;        /* idle time ahead of each round trip */
    long subscribers;
};

struct task {
    const char *workload, *side;
    void (*run)(const struct options *);
};

struct timer {
    double wall, cpu; /* seconds */
};

struct result {
    struct timer spent;
    long messages;
    double p50_us, p99_us; /* 0: not a row of round trips */
};

__attribute__((format(printf, 1, 2), noreturn)) static inline void
fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("worker: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    exit(1);
}

/* Bytes that are in memory already: a first touch inside the timed part would
 * count page faults, and unwritten pages would all be one page of zeros.
 */
static inline void *allocate(size_t size)
{
    void *block = malloc(size);
    if (!block)
        fail("no memory for %zu bytes", size);
    memset(block, 'x', size);
    return block;
}

static inline double read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static inline struct timer timer_start(void)
{
    return (struct timer){read_clock(CLOCK_MONOTONIC),
                          read_clock(CLOCK_PROCESS_CPUTIME_ID)};
}

/* Seconds since `begin`: of the wall's clock, and of all threads on a core. */
static inline struct timer timer_stop(struct timer begin)
{
    struct timer end = timer_start();
    return (struct timer){end.wall - begin.wall, end.cpu - begin.cpu};
}

static inline void print_result(struct result result)
{
    printf("{\"seconds\": %.9f, \"messages\": %ld, \"cpu\": %.6f",
           result.spent.wall, result.messages, result.spent.cpu);
    if (result.p50_us > 0)
        printf(", \"p50_us\": %.3f, \"p99_us\": %.3f", result.p50_us,
               result.p99_us);
    puts("}");
    fflush(stdout);
}

static inline void print_endpoint(const char *endpoint)
{
    printf("endpoint %s\n", endpoint);
    fflush(stdout);
}

/* Returns when the runner closes this process's input, having heard from the
 * side that measures. libzmq loses what is in the kernel when a connection
 * ends while the high-water mark holds its reader back: who has sent
 * everything must not leave yet.
 */
static inline void hold(void)
{
    while (getchar() != EOF)
        ;
}

static inline int compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Nearest rank: the smallest sample that `percent` of all do not exceed. */
static inline double percentile(const double *sorted, long count, long percent)
{
    return sorted[(count * percent + 99) / 100 - 1];
}

static inline void sleep_ms(long ms)
{
    struct timespec gap = {ms / 1000, ms % 1000 * 1000000};
    if (ms > 0)
        nanosleep(&gap, NULL);
}

/* Calls `exchange(peer)` WARM_UP times untimed, and then count times. The
 * seconds in the result include the gaps, the percentiles do not.
 */
static inline void time_round_trips(const struct options *options,
                                    void (*exchange)(void *), void *peer)
{
    long count = options->count;
    double *samples = allocate((size_t)count * sizeof *samples);
    for (int i = 0; i < WARM_UP; i++)
        exchange(peer);
    struct timer begin = timer_start();
    for (long i = 0; i < count; i++) {
        sleep_ms(options->gap_ms);
        double start = read_clock(CLOCK_MONOTONIC);
        exchange(peer);
        samples[i] = read_clock(CLOCK_MONOTONIC) - start;
    }
    struct timer spent = timer_stop(begin);
    qsort(samples, (size_t)count, sizeof *samples, compare_doubles);
    print_result((struct result){spent, count,
                                 percentile(samples, count, 50) * 1e6,
                                 percentile(samples, count, 99) * 1e6});
    free(samples);
}

struct number_key {
    const char *name;
    size_t offset;
    long least, most, preset;
};

/* A count of 2 is the least, as the first message only starts the clock; with
 * the most, size * count is still a long.
 */
static const struct number_key number_keys[] = {
    {"size", offsetof(struct options, size), 1, INT_MAX, 64},
    {"count", offsetof(struct options, count), 2, INT_MAX, 2},
    {"warm", offsetof(struct options, warm), 0, INT_MAX, 0},
    {"hwm", offsetof(struct options, hwm), 0, INT_MAX, -1},
    {"sndbuf", offsetof(struct options, sndbuf), 0, INT_MAX, 0},
    {"rcvbuf", offsetof(struct options, rcvbuf), 0, INT_MAX, 0},
    {"cpu", offsetof(struct options, cpu), -1, 1023, -1},
    {"many", offsetof(struct options, many), 0, 1, 0},
    {"copy", offsetof(struct options, copy), 0, 1, 1},
    {"gap_ms", offsetof(struct options, gap_ms), 0, 60000, 0},
    {"subscribers", offsetof(struct options, subscribers), 1, 100000, 1},
};

static const struct {
    const char *name;
    size_t offset;
} text_keys[] = {
    {"endpoint", offsetof(struct options, endpoint)},
    {"library", offsetof(struct options, library)},
    {"pattern", offsetof(struct options, pattern)},
};

#define LENGTH(table) (sizeof(table) / sizeof *(table))

static inline void set_number(struct options *options,
                              const struct number_key *key, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end || value < key->least || value > key->most)
        fail("%s=%s: must be a number from %ld to %ld", key->name, text,
             key->least, key->most);
    memcpy((char *)options + key->offset, &value, sizeof value);
}

static inline int is_key(const char *name, const char *argument)
{
    size_t length = strlen(name);
    return !strncmp(argument, name, length) && argument[length] == '=';
}

static inline void set_option(struct options *options, const char *argument)
{
    const char *value = strchr(argument, '=');
    if (!value)
        fail("%s: not of the form KEY=VALUE", argument);
    value++;
    for (size_t i = 0; i < LENGTH(number_keys); i++)
        if (is_key(number_keys[i].name, argument)) {
            set_number(options, &number_keys[i], value);
            return;
        }
    for (size_t i = 0; i < LENGTH(text_keys); i++)
        if (is_key(text_keys[i].name, argument)) {
            memcpy((char *)options + text_keys[i].offset, &value,
                   sizeof value);
            return;
        }
    fail("%s: no such key", argument);
}

static inline struct options read_options(int count, char **arguments)
{
    struct options options = {.pattern = "reqrep"};
    for (size_t i = 0; i < LENGTH(number_keys); i++)
        memcpy((char *)&options + number_keys[i].offset,
               &number_keys[i].preset, sizeof(long));
    for (int i = 0; i < count; i++)
        set_option(&options, arguments[i]);
    return options;
}

static inline const char *endpoint_of(const struct options *options)
{
    if (!options->endpoint)
        fail("endpoint=... is missing");
    return options->endpoint;
}

/* Threads started later inherit it. */
static inline void pin(long cpu)
{
    if (cpu < 0)
        return;
#ifdef __linux__
    cpu_set_t cores;
    CPU_ZERO(&cores);
    CPU_SET((size_t)cpu, &cores);
    if (sched_setaffinity(0, sizeof cores, &cores) < 0)
        fail("cpu=%ld: this process may not run there", cpu);
#else
    fail("cpu=%ld: pinning is only known on Linux", cpu);
#endif
}

static inline int run_task(int count, char **arguments,
                           const struct task *tasks, size_t tasks_count)
{
    for (size_t i = 0; count > 2 && i < tasks_count; i++)
        if (!strcmp(tasks[i].workload, arguments[1]) &&
            !strcmp(tasks[i].side, arguments[2])) {
            struct options options = read_options(count - 3, arguments + 3);
            pin(options.cpu);
            tasks[i].run(&options);
            return 0;
        }
    if (count < 3)
        fail("usage: %s WORKLOAD SIDE KEY=VALUE...", arguments[0]);
    fprintf(stderr, "no %s of %s here\n", arguments[2], arguments[1]);
    return UNSUPPORTED;
}

#endif
