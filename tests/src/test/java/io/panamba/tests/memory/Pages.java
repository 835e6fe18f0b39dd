package io.panamba.tests.memory;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Pages of memory and their protection, as Linux's C library gives them. */
final class Pages {
  /** Bytes of a page. */
  static final long SIZE = pageSize();

  private static final int PROT_NONE = 0;
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_PRIVATE = 0x02;
  private static final int MAP_ANONYMOUS = 0x20;
  private static final long MAP_FAILED = -1;

  private static final MethodHandle MMAP =
      handle(
          "mmap",
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_INT,
          ValueLayout.JAVA_LONG);
  private static final MethodHandle MPROTECT =
      handle(
          "mprotect",
          ValueLayout.JAVA_INT,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_INT);
  private static final MethodHandle MUNMAP =
      handle("munmap", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);

  private Pages() {}

  private static MethodHandle handle(String name, MemoryLayout result, MemoryLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }

  private static long pageSize() {
    try {
      return (int) handle("getpagesize", ValueLayout.JAVA_INT).invokeExact();
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /** Maps memory that can be neither read nor written. */
  static MemorySegment map(long bytes) {
    try {
      MemorySegment address =
          (MemorySegment)
              MMAP.invokeExact(
                  MemorySegment.NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
      if (address.address() == MAP_FAILED) {
        throw new OutOfMemoryError("mmap of " + bytes + " bytes");
      }
      return address.reinterpret(bytes);
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void makeWritable(MemorySegment pages) {
    protect(pages, PROT_READ | PROT_WRITE);
  }

  static void makeReadOnly(MemorySegment pages) {
    protect(pages, PROT_READ);
  }

  private static void protect(MemorySegment pages, int protection) {
    try {
      check((int) MPROTECT.invokeExact(pages, pages.byteSize(), protection), "mprotect");
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void unmap(MemorySegment pages) {
    try {
      check((int) MUNMAP.invokeExact(pages, pages.byteSize()), "munmap");
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static void check(int result, String function) {
    if (result != 0) {
      throw new IllegalStateException(function + " failed");
    }
  }
}
