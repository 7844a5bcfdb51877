// Reports failures, even where output is closed.
#pragma once

#include <exception>
#include <string_view>

namespace reverie::cli {

/// Writes "reverie: <line>" and a newline to standard error. Write failures are ignored: reporting
/// an error must never cause another.
void report(std::string_view line) noexcept;

/// Opens /dev/null where standard input, output or error is closed: otherwise the next file opened
/// would take its number and receive the program's output. Call before anything is opened.
void open_standard_descriptors() noexcept;

/// Whether an error means out of memory: ours, the standard library's or libtorch's, including
/// sizes too large for any memory.
bool is_out_of_memory(const std::exception& error) noexcept;

inline constexpr std::string_view out_of_memory =
    "out of memory: ask for less (fewer tasks, environments or imagine.rollouts, smaller layers, "
    "a smaller buffer)";

}  // namespace reverie::cli
