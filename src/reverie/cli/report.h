// How the program speaks of failure, even where nobody can hear it.
#pragma once

#include <exception>
#include <string_view>

namespace reverie::cli {

/// Writes "reverie: <line>" and its end to standard error. What can't be written is lost: an error
/// must never be a reason for another.
void report(std::string_view line) noexcept;

/// Opens /dev/null where standard input, output or error is closed: the next file opened would take
/// its number, and be written the program's lines. Call before anything is opened.
void open_standard_descriptors() noexcept;

/// Whether it is about memory that there isn't: ours, the standard library's or libtorch's, sizes
/// beyond any memory included.
bool is_out_of_memory(const std::exception& error) noexcept;

inline constexpr std::string_view out_of_memory =
    "out of memory: ask for less (fewer tasks, environments or imagine.rollouts, smaller layers, "
    "a smaller buffer)";

}  // namespace reverie::cli
