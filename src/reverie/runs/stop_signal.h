// Asking a run to stop: Ctrl-C, SIGTERM, a terminal that closes.
#pragma once

#include <functional>
#include <string>

namespace reverie {

/// From now on SIGINT, SIGTERM and (except under `nohup`) SIGHUP request a stop; a second signal,
/// half a second later or more, ends the process at once (every file is whole at any instant). Call
/// before any other thread is created: threads inherit the blocked signals. A write beyond a file
/// size limit then fails with an error instead of killing the process.
///
/// `first` and `second` are the lines printed at the first signal (unless the live view shows it)
/// and at the second. They must live as long as the process.
void install_stop_signals(
    const char* first = "reverie: finishing this phase, then a checkpoint; once more stops at once",
    const char* second = "reverie: stopped at once");

/// Replaces the line for a second signal; `line` is called then, on a separate thread.
void say_at_second_stop(std::function<std::string()> line);

/// Requests a stop as that signal would; the first request counts.
void request_stop(int signal);

/// The signal that requested a stop, or 0.
int stop_signal();

}  // namespace reverie
