// Asking a run to stop: Ctrl-C, SIGTERM, a terminal that closes.
#pragma once

#include <functional>
#include <string>

namespace reverie {

/// From now on SIGINT, SIGTERM and (except under `nohup`) SIGHUP ask for a stop; a second one, half
/// a second later or more, ends the process at once (every file is whole at any instant). Call
/// before any other thread is made: those inherit that they are not disturbed. A write beyond a
/// size limit becomes an error rather than a death.
///
/// The lines are what a person is then told: of the first signal (not where the live view shows
/// it), and of the second. They must live as long as the process.
void install_stop_signals(
    const char* first = "reverie: finishing this phase, then a checkpoint; once more stops at once",
    const char* second = "reverie: stopped at once");

/// What a second signal says from now on instead; asked when it comes, on a thread of its own.
void say_at_second_stop(std::function<std::string()> line);

/// Asks for a stop as that signal would; the first to ask is the one that counts.
void request_stop(int signal);

/// The signal that asked for a stop, or 0.
int stop_signal();

}  // namespace reverie
