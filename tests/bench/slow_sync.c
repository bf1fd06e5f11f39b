/* Makes every sync cost SLOW_SYNC_MS milliseconds more, as an ordinary disk does: LD_PRELOAD this. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static void wait_as_a_disk_does(void)
{
    const char *text = getenv("SLOW_SYNC_MS");
    long microseconds = text ? (long)(atof(text) * 1000) : 0;
    struct timespec rest = {microseconds / 1000000, (microseconds % 1000000) * 1000};
    while (nanosleep(&rest, &rest) != 0) {
    }
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    wait_as_a_disk_does();
    return real(file);
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    wait_as_a_disk_does();
    return real(file);
}
