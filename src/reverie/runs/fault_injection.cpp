// Stands before the C library in the search order of symbols (it is linked into the tests first),
// so that our calls, SQLite's and the standard library's come by here.
#include <reverie/runs/fault_injection.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstring>

namespace reverie::testing {
namespace {

constexpr int kDescriptors = 1024;

std::atomic<bool> armed{false};
char root[PATH_MAX];
size_t root_length = 0;
Fault planned = Fault::none;
long planned_call = 0;
std::atomic<long> calls{0};
std::atomic<bool> full{false};
std::atomic<bool> ours[kDescriptors];  // descriptors of files under `root`

enum class Needs { nothing, room };

bool concerns(const char* path) {
  return armed && path && std::strncmp(path, root, root_length) == 0;
}

bool concerns(int descriptor) {
  return armed && descriptor >= 0 && descriptor < kDescriptors && ours[descriptor];
}

/// The errno that this call fails with, or 0. `first`: whether it is the one that fills the disk.
int fate(Needs needs, bool* first = nullptr) {
  const long call = ++calls;
  if (call == planned_call) {
    if (planned == Fault::kill) ::kill(::getpid(), SIGKILL);
    if (planned == Fault::io_error) return EIO;
    if (planned == Fault::disk_full) {
      full = true;
      if (first) *first = true;
    }
  }
  return full && needs == Needs::room ? ENOSPC : 0;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool makes_a_file(const char* path, int flags) {
  struct stat status {};
  return (flags & O_CREAT) != 0 && ::stat(path, &status) != 0;
}

template <class Call>
int open_counted(const char* path, int flags, Call call) {
  const bool concerned = concerns(path);
  if (concerned) {
    const int error = fate(makes_a_file(path, flags) ? Needs::room : Needs::nothing);
    if (error != 0) {
      errno = error;
      return -1;
    }
  }
  const int descriptor = call();
  if (descriptor >= 0 && descriptor < kDescriptors) ours[descriptor] = concerned;
  return descriptor;
}

template <class Target, class Call>
auto counted(Target target, Needs needs, Call call) -> decltype(call()) {
  if (concerns(target)) {
    const int error = fate(needs);
    if (error != 0) {
      errno = error;
      return -1;
    }
  }
  return call();
}

template <class Call>
ssize_t write_counted(int descriptor, size_t size, Call call) {
  if (!concerns(descriptor)) return call(size);
  bool fills_up = false;
  const int error = fate(Needs::room, &fills_up);
  if (fills_up && size > 1) return call(size / 2);
  if (error == 0) return call(size);
  errno = error;
  return -1;
}

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

void arm_faults(const char* folder, Fault fault, long call) {
  root_length = ::strnlen(folder, sizeof(root) - 1);
  std::memcpy(root, folder, root_length);
  planned = fault;
  planned_call = call;
  calls = 0;
  full = false;
  armed = true;
}

long counted_calls() {
  return calls;
}

}  // namespace reverie::testing

namespace faults = reverie::testing;
using faults::Needs;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = faults::mode_of(flags, arguments);
  va_end(arguments);
  static const auto next = faults::real<int(const char*, int, ...)>("open");
  return faults::open_counted(path, flags, [&] { return next(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = faults::mode_of(flags, arguments);
  va_end(arguments);
  static const auto next = faults::real<int(const char*, int, ...)>("open64");
  return faults::open_counted(path, flags, [&] { return next(path, flags, mode); });
}

// The descriptor is gone even where closing it fails.
int close(int descriptor) {
  static const auto next = faults::real<int(int)>("close");
  const int error = faults::concerns(descriptor) ? faults::fate(Needs::nothing) : 0;
  if (descriptor >= 0 && descriptor < faults::kDescriptors) faults::ours[descriptor] = false;
  const int result = next(descriptor);
  if (error == 0) return result;
  errno = error;
  return -1;
}

ssize_t read(int descriptor, void* to, size_t size) {
  static const auto next = faults::real<ssize_t(int, void*, size_t)>("read");
  return faults::counted(descriptor, Needs::nothing, [&] { return next(descriptor, to, size); });
}

ssize_t pread64(int descriptor, void* to, size_t size, off64_t at) {
  static const auto next = faults::real<ssize_t(int, void*, size_t, off64_t)>("pread64");
  return faults::counted(descriptor, Needs::nothing,
                         [&] { return next(descriptor, to, size, at); });
}

ssize_t pread(int descriptor, void* to, size_t size, off_t at) {
  return pread64(descriptor, to, size, at);
}

ssize_t write(int descriptor, const void* from, size_t size) {
  static const auto next = faults::real<ssize_t(int, const void*, size_t)>("write");
  return faults::write_counted(descriptor, size,
                               [&](size_t part) { return next(descriptor, from, part); });
}

ssize_t pwrite64(int descriptor, const void* from, size_t size, off64_t at) {
  static const auto next = faults::real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  return faults::write_counted(descriptor, size,
                               [&](size_t part) { return next(descriptor, from, part, at); });
}

ssize_t pwrite(int descriptor, const void* from, size_t size, off_t at) {
  return pwrite64(descriptor, from, size, at);
}

int fsync(int descriptor) {
  static const auto next = faults::real<int(int)>("fsync");
  return faults::counted(descriptor, Needs::nothing, [&] { return next(descriptor); });
}

int fdatasync(int descriptor) {
  static const auto next = faults::real<int(int)>("fdatasync");
  return faults::counted(descriptor, Needs::nothing, [&] { return next(descriptor); });
}

int ftruncate64(int descriptor, off64_t size) noexcept {
  static const auto next = faults::real<int(int, off64_t)>("ftruncate64");
  return faults::counted(descriptor, size > 0 ? Needs::room : Needs::nothing,
                         [&] { return next(descriptor, size); });
}

int ftruncate(int descriptor, off_t size) noexcept {
  return ftruncate64(descriptor, size);
}

int rename(const char* from, const char* to) noexcept {
  static const auto next = faults::real<int(const char*, const char*)>("rename");
  return faults::counted(to, Needs::nothing, [&] { return next(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto next = faults::real<int(const char*)>("unlink");
  return faults::counted(path, Needs::nothing, [&] { return next(path); });
}

int remove(const char* path) noexcept {
  static const auto next = faults::real<int(const char*)>("remove");
  return faults::counted(path, Needs::nothing, [&] { return next(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto next = faults::real<int(const char*, mode_t)>("mkdir");
  return faults::counted(path, Needs::room, [&] { return next(path, mode); });
}

}  // extern "C"
