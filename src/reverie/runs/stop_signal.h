// Asking a run to stop: Ctrl-C and SIGTERM.
#pragma once

namespace reverie {

/// From now on SIGINT and SIGTERM ask for a stop; a second one, half a second later or more, ends
/// the process at once (every file
/// is whole at any instant). Call before any other thread is made: those inherit that they are not
/// disturbed. A write beyond a size limit becomes an error rather than a death.
void install_stop_signals();

/// The signal that asked for a stop, or 0.
int stop_signal();

}  // namespace reverie
