/* Put before a build's programs (LD_PRELOAD) to decide what they see of the clock, random numbers, folder order and host name,
 * and to write down who asked. It must not allocate or look symbols up on the clock's and the random numbers' path: allocators
 * ask for both while they start. What is not asked for by a REPRO_ variable is passed through. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The kernel itself: `syscall` is one of ours. */
#if defined(__x86_64__) || defined(__aarch64__)
static long kernel(long n, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    long result;
    register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
#else
    register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d,
                  x4 __asm__("x4") = e, x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
#endif
}
#else
#define kernel syscall
#endif

extern char **environ;
extern char *program_invocation_short_name;

static const char *from_environment(const char *name) {
    size_t n = strlen(name);
    for (char **e = environ; e && *e; e++)
        if (!strncmp(*e, name, n) && (*e)[n] == '=') return *e + n + 1;
    return 0;
}

/* REPRO_ variables stand in a file beside this library, each ended by NUL, since a build that prints its environment must not see
 * them. Threads that read it at once all write the same. */
static char settings[8192];
static int known;

static void know(void) {
    if (!environ) return;
    const char *me = from_environment("LD_PRELOAD"), *ending = ".conf";
    char path[4096];
    size_t n = 0;
    while (me && me[n] && me[n] != ':' && me[n] != ' ' && n + 8 < sizeof path) { path[n] = me[n]; n++; }
    if (n > 3 && !strncmp(path + n - 3, ".so", 3)) {
        for (n -= 3; *ending; ending++) path[n++] = *ending;
        path[n] = 0;
        int saved = errno, fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
        if (fd >= 0) {
            long length = syscall(SYS_read, fd, settings, sizeof settings - 2);
            (void)length;
            syscall(SYS_close, fd);
        }
        errno = saved;
    }
    __atomic_store_n(&known, 1, __ATOMIC_RELEASE);
}

static const char *var(const char *name) {
    if (strncmp(name, "REPRO_", 6)) return from_environment(name);
    if (!__atomic_load_n(&known, __ATOMIC_ACQUIRE)) know();
    size_t n = strlen(name);
    for (const char *at = settings; *at; at += strlen(at) + 1)
        if (!strncmp(at, name, n) && at[n] == '=') return at + n + 1;
    return 0;
}

static long number(const char *name) {
    const char *text = var(name);
    long value = 0;
    for (; text && *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
    return value;
}

static void say(char *line, size_t room, size_t *at, const char *text) {
    for (; text && *text && *at + 2 < room; text++) line[(*at)++] = *text;
}

/* A line of the log. */
static void write_down(const char *path, const char *what, const char *by) {
    char line[1024];
    size_t at = 0;
    const char *parts[] = {what, by, var("CARGO_PKG_NAME"), var("CARGO_CRATE_NAME"), program_invocation_short_name};
    for (int i = 0; i < 5; i++) { say(line, sizeof line, &at, parts[i]); line[at++] = i == 4 ? '\n' : '\t'; if (at + 2 >= sizeof line) return; }
    int saved = errno, fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) { ssize_t ignored = write(fd, line, at); (void)ignored; close(fd); }
    errno = saved;
}

/* One line for each kind of question and each library that asks it. Looking up whose code asks is slow, so places in the code that
 * asked before are known. */
static void note(const char *what, void *caller) {
    static struct { const char *what; void *base; } seen[64];
    static void *callers[64];
    static int used;
    size_t slot = ((uintptr_t)caller >> 2) % 64;
    if (__atomic_load_n(&callers[slot], __ATOMIC_RELAXED) == caller) return;
    const char *path = var("REPRO_LOG");
    Dl_info info = {0};
    if (!path || !dladdr(caller, &info)) return;
    __atomic_store_n(&callers[slot], caller, __ATOMIC_RELAXED);
    int count = used < 64 ? used : 64;
    for (int i = 0; i < count; i++)
        if (seen[i].what == what && seen[i].base == info.dli_fbase) return;
    if (count < 64) { seen[count].what = what; seen[count].base = info.dli_fbase; used = count + 1; }
    write_down(path, what, info.dli_fname);
}

/* A number; where REPRO_ONLY names a library, what that library asks has the number of another name. */
static long number_for(const char *name, const char *only_name, void *caller) {
    const char *only = var("REPRO_ONLY");
    Dl_info info = {0};
    if (only && dladdr(caller, &info) && info.dli_fname && !strcmp(info.dli_fname, only)) return number(only_name);
    return number(name);
}

/* -- the clock */
static int now(clockid_t clock, struct timespec *ts, void *caller) {
    long result = syscall(SYS_clock_gettime, clock, ts);
    if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        ts->tv_sec += number("REPRO_CLOCK");
        if (var("REPRO_FREEZE")) { ts->tv_sec = number_for("REPRO_FREEZE", "REPRO_ONLY_FREEZE", caller); ts->tv_nsec = 0; }
        note("clock", caller);
    }
    return (int)result;
}

int clock_gettime(clockid_t clock, struct timespec *ts) { return now(clock, ts, __builtin_return_address(0)); }

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    (void)zone;
    struct timespec ts;
    if (now(CLOCK_REALTIME, &ts, __builtin_return_address(0))) return -1;
    tv->tv_sec = ts.tv_sec;
    tv->tv_usec = ts.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out) {
    struct timespec ts;
    if (now(CLOCK_REALTIME, &ts, __builtin_return_address(0))) return -1;
    if (out) *out = ts.tv_sec;
    return ts.tv_sec;
}

/* -- random numbers */
static uint64_t drawn;
static int draw(unsigned char *out, size_t length, void *caller) {
    long seed = number_for("REPRO_SEED", "REPRO_ONLY_SEED", caller);
    if (!seed) return 0;
    for (size_t i = 0; i < length; i += 8) {
        uint64_t z = (uint64_t)seed * 0xD1342543DE82EF95u + __atomic_add_fetch(&drawn, 1, __ATOMIC_RELAXED) * 0x9E3779B97F4A7C15u;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        z ^= z >> 31;
        memcpy(out + i, &z, length - i < 8 ? length - i : 8);
    }
    return 1;
}

ssize_t getrandom(void *out, size_t length, unsigned flags) {
    note("random", __builtin_return_address(0));
    if (draw(out, length, __builtin_return_address(0))) return (ssize_t)length;
    return syscall(SYS_getrandom, out, length, flags);
}

int getentropy(void *out, size_t length) {
    note("random", __builtin_return_address(0));
    if (length > 256) { errno = EIO; return -1; }
    if (draw(out, length, __builtin_return_address(0))) return 0;
    return syscall(SYS_getrandom, out, length, 0) == (long)length ? 0 : -1;
}

/* -- the order of folders: REPRO_ORDER is 1 (ascending) or 2 (descending) */
struct listing { DIR *dir; struct dirent64 **entries; size_t count, next; };
static struct listing listings[128];
static int lock;

static void enter(void) { while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) {} }
static void leave(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

static int ascending(const void *a, const void *b) {
    return strcmp((*(struct dirent64 *const *)a)->d_name, (*(struct dirent64 *const *)b)->d_name);
}
static int descending(const void *a, const void *b) { return ascending(b, a); }

static struct listing *find(DIR *dir) {
    struct listing *found = 0;
    enter();
    for (int i = 0; i < 128 && !found; i++) if (listings[i].dir == dir) found = &listings[i];
    leave();
    return found;
}

static void forget(DIR *dir) {
    struct listing *found = find(dir);
    if (!found) return;
    for (size_t i = 0; i < found->count; i++) free(found->entries[i]);
    free(found->entries);
    enter();
    memset(found, 0, sizeof *found);
    leave();
}

static struct listing *list(DIR *dir, struct dirent64 *(*real)(DIR *), long order) {
    struct listing whole = {0};
    size_t room = 0;
    for (struct dirent64 *entry; (entry = real(dir));) {
        if (whole.count == room) {
            room = room ? room * 2 : 32;
            whole.entries = realloc(whole.entries, room * sizeof *whole.entries);
            if (!whole.entries) return 0;
        }
        struct dirent64 *copy = malloc(sizeof *copy);
        if (!copy) return 0;
        memset(copy, 0, sizeof *copy);
        memcpy(copy, entry, entry->d_reclen < sizeof *copy ? entry->d_reclen : sizeof *copy);
        whole.entries[whole.count++] = copy;
    }
    if (whole.count) qsort(whole.entries, whole.count, sizeof *whole.entries, order == 2 ? descending : ascending);
    struct listing *slot = 0;
    enter();
    for (int i = 0; i < 128 && !slot; i++) if (!listings[i].dir) slot = &listings[i];
    whole.dir = dir;
    if (slot) *slot = whole;
    leave();
    return slot;
}

struct dirent64 *readdir64(DIR *dir) {
    static struct dirent64 *(*real)(DIR *);
    if (!real) real = (struct dirent64 *(*)(DIR *))dlsym(RTLD_NEXT, "readdir64");
    struct listing *found = find(dir);
    if (!found) {
        note("folder", __builtin_return_address(0));
        long order = number_for("REPRO_ORDER", "REPRO_ONLY_ORDER", __builtin_return_address(0));
        if (order) found = list(dir, real, order);
    }
    if (!found) return real(dir);
    return found->next < found->count ? found->entries[found->next++] : 0;
}

#if __SIZEOF_POINTER__ == 8
struct dirent *readdir(DIR *dir) { return (struct dirent *)readdir64(dir); }
#endif

int closedir(DIR *dir) {
    static int (*real)(DIR *);
    if (!real) real = (int (*)(DIR *))dlsym(RTLD_NEXT, "closedir");
    forget(dir);
    return real(dir);
}

void rewinddir(DIR *dir) {
    static void (*real)(DIR *);
    if (!real) real = (void (*)(DIR *))dlsym(RTLD_NEXT, "rewinddir");
    forget(dir);
    real(dir);
}

/* -- the host's name */
int uname(struct utsname *name) {
    long result = syscall(SYS_uname, name);
    const char *host = var("REPRO_HOST");
    if (!result && host) { strncpy(name->nodename, host, sizeof name->nodename - 1); }
    const char *release = var("REPRO_KERNEL");
    if (!result && release) {
        strncpy(name->release, release, sizeof name->release - 1);
        snprintf(name->version, sizeof name->version, "#4242 SMP of %s", release);
    }
    note("host", __builtin_return_address(0));
    return (int)result;
}

int gethostname(char *out, size_t length) {
    struct utsname name;
    if (uname(&name)) return -1;
    strncpy(out, name.nodename, length);
    return 0;
}

/* -- chance: with REPRO_PERTURBATION, another number of the process, and threads that wait now and then for a moment, unless REPRO_PROMPT */
static uint64_t mixed(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static void dawdle(long most) {
    static uint64_t steps;
    long perturbation = number("REPRO_PERTURBATION");
    if (!perturbation || number("REPRO_PROMPT")) return;
    uint64_t step = __atomic_add_fetch(&steps, 1, __ATOMIC_RELAXED);
    long wait = (long)(mixed((uint64_t)perturbation * 0xD1342543DE82EF95u + step * 0x9E3779B97F4A7C15u) % (uint64_t)most);
    struct timespec ts = {0, wait * 1000};
    int saved = errno;
    nanosleep(&ts, 0);
    errno = saved;
}

struct thread { void *(*start)(void *); void *argument; };

static void *begin(void *given) {
    struct thread thread = *(struct thread *)given;
    free(given);
    dawdle(4000);
    return thread.start(thread.argument);
}

int pthread_create(pthread_t *restrict id, const pthread_attr_t *restrict how, void *(*start)(void *), void *restrict argument) {
    static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (!real) real = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
    note("threads", __builtin_return_address(0));
    struct thread *thread = number("REPRO_PERTURBATION") ? malloc(sizeof *thread) : 0;
    if (!thread) return real(id, how, start, argument);
    thread->start = start;
    thread->argument = argument;
    int result = real(id, how, begin, thread);
    if (result) free(thread);
    return result;
}

int sched_yield(void) {
    dawdle(200);
    return (int)kernel(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/* The process's own number: REPRO_PROCESS, another one with REPRO_PERTURBATION (parents' is the next), else the real one. */
static pid_t process(long real, long which) {
    long fixed = number("REPRO_PROCESS"), perturbation = number("REPRO_PERTURBATION");
    if (fixed) return (pid_t)(fixed + which);
    if (!perturbation) return (pid_t)real;
    /* Of processes that run together none has another's. */
    return (pid_t)(300 + mixed((uint64_t)perturbation * 0x9E3779B97F4A7C15u + (uint64_t)real * 0xD1342543DE82EF95u) % 4000000u);
}

pid_t getpid(void) {
    note("process", __builtin_return_address(0));
    return process(kernel(SYS_getpid, 0, 0, 0, 0, 0, 0), 0);
}

pid_t getppid(void) {
    note("process", __builtin_return_address(0));
    return process(kernel(SYS_getppid, 0, 0, 0, 0, 0, 0), 1);
}

/* -- which macros a compiler loaded, said when it ends */
static int loaded(struct dl_phdr_info *info, size_t size, void *path) {
    (void)size;
    const char *name = info->dlpi_name;
    size_t n = name ? strlen(name) : 0;
    if (n > 3 && !strcmp(name + n - 3, ".so") && strstr(name, "/deps/")) write_down(path, "macro", name);
    return 0;
}

__attribute__((destructor)) static void farewell(void) {
    const char *path = var("REPRO_LOG");
    if (path && var("CARGO_CRATE_NAME") && !strcmp(program_invocation_short_name, "rustc")) dl_iterate_phdr(loaded, (void *)path);
}

/* -- random numbers and more asked by number: crates that know older systems call the kernel so */
#if defined(__x86_64__) || defined(__aarch64__)
long syscall(long n, ...) {
    long a[6];
    va_list list;
    va_start(list, n);
    for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
    va_end(list);
    if (n == SYS_getrandom) {
        note("random", __builtin_return_address(0));
        if (draw((unsigned char *)a[0], (size_t)a[1], __builtin_return_address(0))) return a[1];
    }
    long result = kernel(n, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (n == SYS_getpid || n == SYS_getppid) {
        note("process", __builtin_return_address(0));
        return process(result, n == SYS_getppid);
    }
    /* Waiting for a lock. */
    if (n == SYS_futex && ((int)a[1] & 127) % 9 == 0) dawdle(200);
    if (result < 0 && result > -4096) { errno = (int)-result; return -1; }
    return result;
}
#endif

/* -- the number of processors */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
    long wanted = number("REPRO_PROCESSORS"), result = syscall(SYS_sched_getaffinity, pid, size, set);
    if (result < 0) return -1;
    memset((char *)set + result, 0, size - (size_t)result);
    if (wanted > 0 && (size_t)wanted <= size * 8) {
        memset(set, 0, size);
        for (long i = 0; i < wanted; i++) CPU_SET_S((size_t)i, size, set);
        note("processors", __builtin_return_address(0));
    }
    return 0;
}

long sysconf(int name) {
    static long (*real)(int);
    long wanted = name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF ? number("REPRO_PROCESSORS") : 0;
    if (wanted > 0) { note("processors", __builtin_return_address(0)); return wanted; }
    if (!real) real = (long (*)(int))dlsym(RTLD_NEXT, "sysconf");
    return real(name);
}

/* -- files of the kernel: a file in memory stands in for random devices, for names of the machine, and for the kernel's release */
static int in_memory(const char *bytes, size_t length) {
    int fd = (int)syscall(SYS_memfd_create, "stand-in", 1u);
    if (fd >= 0 && write(fd, bytes, length) < 0) { close(fd); return -1; }
    if (fd >= 0) lseek(fd, 0, SEEK_SET);
    return fd;
}

static int line_in_memory(const char *text) {
    char line[300];
    size_t at = 0;
    say(line, sizeof line, &at, text);
    line[at++] = '\n';
    return in_memory(line, at);
}

static int random_uuid(void *caller) {
    unsigned char random[16];
    char line[40];
    size_t at = 0;
    draw(random, sizeof random, caller);
    random[6] = (unsigned char)(0x40 | (random[6] & 15));
    random[8] = (unsigned char)(0x80 | (random[8] & 63));
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) line[at++] = '-';
        line[at++] = "0123456789abcdef"[random[i] >> 4];
        line[at++] = "0123456789abcdef"[random[i] & 15];
    }
    line[at++] = '\n';
    return in_memory(line, at);
}

/* Seconds since the machine was started, where the clock is another one; -1 where it is not. */
static long up(void *caller) {
    struct timespec ts = {0};
    note("clock", caller);
    if (var("REPRO_FREEZE")) return number_for("REPRO_FREEZE", "REPRO_ONLY_FREEZE", caller) % 100000000;
    if (!number("REPRO_CLOCK")) return -1;
    syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &ts);
    return ts.tv_sec + number("REPRO_CLOCK");
}

static int times_of_the_machine(const char *path, void *caller) {
    int is_uptime = !strcmp(path, "/proc/uptime");
    if (!is_uptime && strcmp(path, "/proc/stat")) return -1;
    long seconds = up(caller);
    char text[200];
    if (seconds < 0) return -1;
    if (is_uptime) snprintf(text, sizeof text, "%ld.00 %ld.00\n", seconds, seconds);
    else snprintf(text, sizeof text, "cpu  1 0 1 1 0 0 0 0 0 0\ncpu0 1 0 1 1 0 0 0 0 0 0\nbtime %ld\nprocesses 1\n", 1000000000 + seconds);
    return in_memory(text, strlen(text));
}

/* What names the machine: its name, and a number that follows from it. */
static int name_of_the_machine(const char *path, void *caller) {
    int is_id = !strcmp(path, "/etc/machine-id") || !strcmp(path, "/var/lib/dbus/machine-id");
    if (!is_id && strcmp(path, "/etc/hostname") && strcmp(path, "/proc/sys/kernel/hostname")) return -1;
    note("host", caller);
    const char *host = var("REPRO_HOST");
    if (!host || !is_id) return host ? line_in_memory(host) : -1;
    char id[40];
    uint64_t sum = 0;
    for (const char *at = host; *at; at++) sum = sum * 31 + (unsigned char)*at;
    snprintf(id, sizeof id, "%016llx%016llx", (unsigned long long)mixed(sum), (unsigned long long)mixed(sum + 1));
    return line_in_memory(id);
}

static int name_of_the_kernel(const char *path, void *caller) {
    const char *rest = strncmp(path, "/proc/", 6) ? "" : path + 6;
    int is_release = !strcmp(rest, "sys/kernel/osrelease"), is_version = !strcmp(rest, "sys/kernel/version");
    if (!is_release && !is_version && strcmp(rest, "version")) return -1;
    note("host", caller);
    const char *release = var("REPRO_KERNEL");
    char text[300];
    if (!release) return -1;
    if (is_release) return line_in_memory(release);
    if (is_version) snprintf(text, sizeof text, "#4242 SMP of %s", release);
    else snprintf(text, sizeof text, "Linux version %s (somebody@elsewhere) #4242 SMP of %s", release, release);
    return line_in_memory(text);
}

/* What is said of the processors and of memory. */
static int equipment(const char *path, void *caller) {
    static const char *online = "/sys/devices/system/cpu/";
    char text[16384];
    size_t at = 0;
    long count = number("REPRO_PROCESSORS");
    const char *name = var("REPRO_PROCESSOR");
    if (!strncmp(path, online, strlen(online))) {
        const char *rest = path + strlen(online);
        if (count <= 0 || (strcmp(rest, "online") && strcmp(rest, "present") && strcmp(rest, "possible"))) return -1;
        note("processors", caller);
        snprintf(text, sizeof text, "0-%ld", count - 1);
        return line_in_memory(count > 1 ? text : "0");
    }
    if (!name) return -1;
    if (!strcmp(path, "/proc/meminfo")) return line_in_memory("MemTotal:        4242424 kB\nMemFree:         4000000 kB\nMemAvailable:    4000000 kB");
    if (strcmp(path, "/proc/cpuinfo")) return -1;
    for (long i = 0; i < (count > 0 ? count : 1) && at + 400 < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at,
                               "processor\t: %ld\nvendor_id\t: Elsewhere\ncpu family\t: 15\nmodel\t\t: 1\nmodel name\t: %s\nstepping\t: 1\n"
                               "cpu MHz\t\t: 1000.000\nflags\t\t: fpu tsc msr cx8 cmov mmx fxsr sse sse2 syscall nx lm\n\n", i, name);
    return in_memory(text, at);
}

int sysinfo(struct sysinfo *info) {
    long result = syscall(SYS_sysinfo, info), seconds = result ? -1 : up(__builtin_return_address(0));
    if (seconds >= 0) info->uptime = seconds;
    if (!result && var("REPRO_PROCESSOR")) info->totalram = 4242424;
    return (int)result;
}

static int device(const char *path, void *caller) {
    if (path && strstr(path, "/.git")) note("git", caller);
    if (!path || path[0] != '/') return -1;
    int fd = name_of_the_machine(path, caller);
    if (fd < 0) fd = name_of_the_kernel(path, caller);
    if (fd < 0) fd = times_of_the_machine(path, caller);
    if (fd < 0) fd = equipment(path, caller);
    if (fd >= 0) return fd;
    int uuid = !strcmp(path, "/proc/sys/kernel/random/uuid") || !strcmp(path, "/proc/sys/kernel/random/boot_id");
    if (!uuid && strcmp(path, "/dev/urandom") && strcmp(path, "/dev/random")) return -1;
    note("random", caller);
    if (!number("REPRO_SEED")) return -1;
    if (uuid) return random_uuid(caller);
    unsigned char block[4096];
    fd = in_memory("", 0);
    for (int i = 0; fd >= 0 && i < 64; i++) {
        draw(block, sizeof block, caller);
        if (write(fd, block, sizeof block) < 0) break;
    }
    if (fd >= 0) lseek(fd, 0, SEEK_SET);
    return fd;
}

/* Where a library is loaded follows from what is mapped above it, and large files lie at multiples of 2 MiB: unless REPRO_STILL, as many
 * pages as that sample has are taken from the top of the gap that it will fill. */
static int shifted(const char *path, int fd) {
    static uint64_t times;
    uint64_t perturbation = (uint64_t)number("REPRO_PERTURBATION");
    size_t n = perturbation && fd >= 0 ? strlen(path) : 0;
    if (n < 3 || strcmp(path + n - 3, ".so") || number("REPRO_STILL")) return fd;
    int saved = errno;
    uint64_t time = __atomic_add_fetch(&times, 1, __ATOMIC_RELAXED), page = (uint64_t)sysconf(_SC_PAGESIZE);
    off_t end = lseek(fd, 0, SEEK_END);
    lseek(fd, 0, SEEK_SET);
    uint64_t size = end > 0 ? ((uint64_t)end + page - 1) / page * page : page;
    uint64_t more = (1 + mixed(perturbation * 0x9E3779B97F4A7C15u + time * 0xD1342543DE82EF95u) % 64) * page;
    char *at = mmap(0, size + more, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at != MAP_FAILED) munmap(at, size);
    errno = saved;
    return fd;
}

#define OPENER(name, ...) \
    static int (*real)(__VA_ARGS__); \
    int fd = device(path, __builtin_return_address(0)); \
    mode_t mode = 0; \
    if (fd >= 0) return fd; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); } \
    if (!real) real = (int (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name);

int open(const char *path, int flags, ...) { OPENER("open", const char *, int, ...) return shifted(path, real(path, flags, mode)); }
int open64(const char *path, int flags, ...) { OPENER("open64", const char *, int, ...) return shifted(path, real(path, flags, mode)); }
int openat(int dir, const char *path, int flags, ...) { OPENER("openat", int, const char *, int, ...) return shifted(path, real(dir, path, flags, mode)); }
int openat64(int dir, const char *path, int flags, ...) { OPENER("openat64", int, const char *, int, ...) return shifted(path, real(dir, path, flags, mode)); }

#define STREAM(name) \
    static FILE *(*real)(const char *, const char *); \
    if (mode && mode[0] == 'r') { int fd = device(path, __builtin_return_address(0)); if (fd >= 0) return fdopen(fd, mode); } \
    if (!real) real = (FILE *(*)(const char *, const char *))dlsym(RTLD_NEXT, name); \
    return real(path, mode);

FILE *fopen(const char *path, const char *mode) { STREAM("fopen") }
FILE *fopen64(const char *path, const char *mode) { STREAM("fopen64") }

/* -- times of files: what is younger than REPRO_BEGUN was made by the build. Its times are the kernel's, so they are moved here: by
 * REPRO_NEW seconds, or to stand at REPRO_NEW_AT. */
#define MOVED(seconds, nanoseconds) do { \
    if ((long)(seconds) >= begun) { \
        if (at) { (seconds) = at; (nanoseconds) = 0; } else (seconds) += more; \
    } } while (0)

static int moves_times(long *begun, long *at, long *more) {
    *begun = number("REPRO_BEGUN");
    *at = number("REPRO_NEW_AT");
    *more = number("REPRO_NEW");
    return *begun && (*at || *more);
}

static void move_stat(struct stat *st) {
    long begun, at, more;
    if (!moves_times(&begun, &at, &more)) return;
    MOVED(st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
    MOVED(st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    MOVED(st->st_atim.tv_sec, st->st_atim.tv_nsec);
}

static int asked_stat(int result, struct stat *st, void *caller) {
    if (!result) { note("file-times", caller); move_stat(st); }
    return result;
}

#define STAT(name, parameters, arguments) \
    int name parameters { \
        static int (*real) parameters; \
        if (!real) real = (int (*) parameters)dlsym(RTLD_NEXT, #name); \
        if (!real) { errno = ENOSYS; return -1; } \
        return asked_stat(real arguments, (struct stat *)st, __builtin_return_address(0)); \
    }
#if __SIZEOF_POINTER__ == 8
STAT(stat, (const char *path, struct stat *st), (path, st))
STAT(lstat, (const char *path, struct stat *st), (path, st))
STAT(fstat, (int fd, struct stat *st), (fd, st))
STAT(fstatat, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags))
STAT(stat64, (const char *path, struct stat64 *st), (path, st))
STAT(lstat64, (const char *path, struct stat64 *st), (path, st))
STAT(fstat64, (int fd, struct stat64 *st), (fd, st))
STAT(fstatat64, (int dir, const char *path, struct stat64 *st, int flags), (dir, path, st, flags))

int statx(int dir, const char *path, int flags, unsigned mask, struct statx *st) {
    static int (*real)(int, const char *, int, unsigned, struct statx *);
    long begun, at, more;
    if (!real) real = (int (*)(int, const char *, int, unsigned, struct statx *))dlsym(RTLD_NEXT, "statx");
    if (!real) { errno = ENOSYS; return -1; }
    int result = real(dir, path, flags, mask, st);
    if (result) return result;
    note("file-times", __builtin_return_address(0));
    if (moves_times(&begun, &at, &more)) {
        MOVED(st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec);
        MOVED(st->stx_ctime.tv_sec, st->stx_ctime.tv_nsec);
        MOVED(st->stx_atime.tv_sec, st->stx_atime.tv_nsec);
        MOVED(st->stx_btime.tv_sec, st->stx_btime.tv_nsec);
    }
    return 0;
}
#endif

/* -- which programs a build starts. A program says so itself when it begins; one that is linked statically cannot, so whoever starts it
 * says so, too. Cargo's own questions, which are of no package, do not count. */
static void started(const char *path) {
    const char *log = var("REPRO_STARTED");
    if (!log || !path || path[0] != '/' || !var("CARGO_PKG_NAME")) return;
    char line[4096];
    size_t at = 0;
    say(line, sizeof line, &at, path);
    line[at++] = '\n';
    int saved = errno, fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) { ssize_t ignored = write(fd, line, at); (void)ignored; close(fd); }
    errno = saved;
}

__attribute__((constructor)) static void begins(void) {
    char path[4096];
    if (!strcmp(program_invocation_short_name, "git") && var("REPRO_LOG")) write_down(var("REPRO_LOG"), "git", "git");
    if (!var("REPRO_STARTED")) return;
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    if (length > 0) { path[length] = 0; started(path); }
}

int execve(const char *path, char *const argv[], char *const envp[]) {
    static int (*real)(const char *, char *const[], char *const[]);
    if (!real) real = (int (*)(const char *, char *const[], char *const[]))dlsym(RTLD_NEXT, "execve");
    started(path);
    return real(path, argv, envp);
}

#define SPAWN(name) \
    int name(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *how, char *const argv[], \
             char *const envp[]) { \
        static int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], \
                           char *const[]); \
        if (!real) \
            real = (int (*)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[], \
                            char *const[]))dlsym(RTLD_NEXT, #name); \
        started(path); \
        return real(pid, path, actions, how, argv, envp); \
    }
SPAWN(posix_spawn)
SPAWN(posix_spawnp)

/* -- what build scripts were started with, for repeating them: executable, folder, environment, each ended by NUL */
static void copy(int to, const char *text) { ssize_t ignored = write(to, text, strlen(text) + 1); (void)ignored; }

__attribute__((constructor)) static void remember(void) {
    const char *folder = var("REPRO_SCRIPTS");
    if (!folder || !var("OUT_DIR") || var("CARGO_CRATE_NAME") || strncmp(program_invocation_short_name, "build-script-", 13)) return;
    char path[4096], text[4096];
    size_t at = 0;
    say(path, sizeof path, &at, folder);
    say(path, sizeof path, &at, "/");
    char digits[24];
    int n = 0;
    for (long pid = kernel(SYS_getpid, 0, 0, 0, 0, 0, 0); pid; pid /= 10) digits[n++] = (char)('0' + pid % 10);
    while (n && at + 2 < sizeof path) path[at++] = digits[--n];
    path[at] = 0;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return;
    ssize_t length = readlink("/proc/self/exe", text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    copy(fd, text);
    copy(fd, getcwd(text, sizeof text) ? text : "");
    for (char **e = environ; *e; e++) copy(fd, *e);
    close(fd);
}
