// File calls that fail on purpose: for tests of what a crash or a full disk leaves.
#pragma once

namespace reverie::testing {

enum class Fault {
  none,       ///< Calls are only counted.
  kill,       ///< The process dies by SIGKILL before the call.
  io_error,   ///< This one call fails with EIO.
  disk_full,  ///< From this call on, calls that need space fail with ENOSPC; a write is half done.
};

/// From now on, counts this process's calls on files under the folder `root` (an absolute path):
/// open, close, read, write, pread, pwrite, fsync, fdatasync, ftruncate, rename, unlink, remove,
/// mkdir. The fault strikes at call number `call`, counted from 1.
void arm_faults(const char* root, Fault fault, long call);

/// Number of calls so far.
long counted_calls();

}  // namespace reverie::testing
