/* Calls on files of one folder that fail, hang or lie; preloaded into an unmodified program.
 *
 * CARD_FOLDER: the folder. CARD_CONTROL: a file of one byte, shared with the test, which says how
 * the card behaves now: see MODES in hostile_card.py. All other files are as ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static volatile char *control;
static const char *folder;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("CARD_CONTROL");
    folder = getenv("CARD_FOLDER");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0 || !folder) return;
    void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    control = page == MAP_FAILED ? NULL : page;
    close(fd);
}

static char mode_of(int fd) {
    char link[64], path[4096];
    if (!control || *control == '.') return '.';
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return '.';
    path[length] = 0;
    return strncmp(path, folder, strlen(folder)) ? '.' : *control;
}

static void hang(int fd) {
    struct timespec pause = {0, 10000000};
    while (mode_of(fd) == 'h') nanosleep(&pause, NULL);
}

static int refused(int fd) {
    switch (mode_of(fd)) {
    case 'w': return EIO;
    case 'f': return ENOSPC;
    case 'r': return EROFS;
    default: return 0;
    }
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, name)

#define WRITES(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t size, offset_type offset) { \
        REAL(ssize_t, #name, int, const void *, size_t, offset_type); \
        int error = refused(fd); \
        if (error) { errno = error; return -1; } \
        if (mode_of(fd) == 's' && size > 1) size /= 2; \
        return real(fd, data, size, offset); \
    }
WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

#define SYNCS(name) \
    int name(int fd) { \
        REAL(int, #name, int); \
        hang(fd); \
        char mode = mode_of(fd); \
        if (mode == 'y' || mode == 'w') { errno = EIO; return -1; } \
        return mode == 'l' ? 0 : real(fd); \
    }
SYNCS(fsync)
SYNCS(fdatasync)
