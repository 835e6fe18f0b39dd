/*
 * POSIX threads, under the oldest name that glibc has for them. What a linker binds to is the version of its own glibc,
 * and the functions that moved to libc in 2.34 have a new version since then, with which the library would load nowhere
 * older. The old version is in every glibc: there in libpthread, which is why the library names that too.
 */
#ifndef PANAMBA_THREADS_H
#define PANAMBA_THREADS_H

#include <pthread.h>

#if defined(PANAMBA_OLD_GLIBC) && defined(__GLIBC__)
#if defined(__x86_64__)
#define OLDEST "GLIBC_2.2.5"
#elif defined(__aarch64__)
#define OLDEST "GLIBC_2.17"
#else
#error "the first version of glibc for this processor is not known"
#endif
__asm__(".symver pthread_create, pthread_create@" OLDEST);
__asm__(".symver pthread_join, pthread_join@" OLDEST);
__asm__(".symver pthread_once, pthread_once@" OLDEST);
#undef OLDEST
#endif

#endif
