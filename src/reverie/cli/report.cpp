#include <reverie/cli/report.h>

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <stdexcept>

namespace reverie::cli {

void report(std::string_view line) noexcept {
  // One call, so that lines of two processes don't mix; no memory, there may be none.
  iovec parts[] = {{const_cast<char*>("reverie: "), 9},
                   {const_cast<char*>(line.data()), line.size()},
                   {const_cast<char*>("\n"), 1}};
  const int before = errno;
  while (::writev(STDERR_FILENO, parts, 3) < 0 && errno == EINTR) {
  }
  errno = before;
}

void open_standard_descriptors() noexcept {
  for (const int wanted : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(wanted, F_GETFD) < 0 && errno == EBADF)
      static_cast<void>(::open("/dev/null", O_RDWR));  // takes the lowest number that is free
}

bool is_out_of_memory(const std::exception& error) noexcept {
  if (dynamic_cast<const std::bad_alloc*>(&error) ||
      dynamic_cast<const std::length_error*>(&error))  // a container beyond its max_size
    return true;
  // libtorch's allocators throw c10::Error or std::runtime_error, by version.
  for (const char* phrase : {"can't allocate memory", "out of memory", "not enough memory",
                             "calculation overflowed", "multiplication overflow"})
    if (std::strstr(error.what(), phrase)) return true;
  return false;
}

}  // namespace reverie::cli
