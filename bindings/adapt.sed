# int64_t and size_t are C's long on Linux and its long long on Windows. As long long they have 64 bits everywhere; a binding that says
# long fails to initialise where that has 32.
/OfLong C_LONG = /d
s/\<C_LONG\>/C_LONG_LONG/g
# What Java takes milliseconds to make at its start, each time, and nobody needs then.
# A field that holds an address is written as a plain one: a handle on addresses with a target is a dozen classes.
/(MemorySegment struct, MemorySegment fieldValue) {/{
n
s/struct\.set([A-Za-z0-9_]*\$LAYOUT, /struct.set(ADDRESS, /
}
# The handle on an array's elements, two dozen classes, is made on first use.
s/private static final VarHandle \([A-Za-z0-9_]*\)\$ELEM_HANDLE = \(.*\);/private static final class \1$ELEM { static final VarHandle HANDLE = \2; }/
s/\$ELEM_HANDLE\.\([gs]et\)(/$ELEM.HANDLE.\1(/
