# Read by launchers: chooses the locale that Java gets, and sets "encodings" to options that keep what the terminal shows.
# Java decodes arguments and file names by the locale, and has nothing for what its charset lacks: the C locale, that of
# containers, knows ASCII alone. One category that is not installed turns Java to C as a whole, so LC_ALL is set. macOS has
# UTF-8 in every locale.

# A locale with UTF-8. C libraries without the command locale, as musl, have C.UTF-8.
utf8_locale() {
  for name in C.UTF-8 en_US.UTF-8 $(locale -a 2> /dev/null | grep -i 'utf-\{0,1\}8$'); do
    if [ "$(LC_ALL=$name locale charmap 2>&1)" = UTF-8 ]; then
      echo "$name"
      return 0
    fi
  done
  echo C.UTF-8
}

encodings=
charset=$(locale charmap 2>&1) || charset=
if [ "$charset" != UTF-8 ] && [ "$(uname)" != Darwin ]; then
  case $charset in
    *[!-A-Za-z0-9_.]* | ANSI_X3.4-1968 | US-ASCII | '') ;;
    *) encodings="-Dstdout.encoding=$charset -Dstderr.encoding=$charset" ;;
  esac
  LC_ALL=$(utf8_locale)
  export LC_ALL
fi
