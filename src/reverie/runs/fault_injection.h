// Files that fail on purpose: for tests of what a crash or a full disk leaves.
#pragma once

namespace reverie::testing {

enum class Fault {
  none,       ///< Calls are only counted.
  kill,       ///< The process dies by SIGKILL before the call.
  io_error,   ///< The call fails with EIO, and only this one.
  disk_full,  ///< From the call on, whatever needs room fails with ENOSPC; a write is half done.
};

/// From now on, in this process, counts the calls that concern files under the folder `root` (an
/// absolute path): open, close, read, write, pread, pwrite, fsync, fdatasync, ftruncate, rename,
/// unlink, remove, mkdir. Call number `call`, from 1, meets the fault.
void arm_faults(const char* root, Fault fault, long call);

/// Calls so far.
long counted_calls();

}  // namespace reverie::testing
