// Counts with their nouns, for messages.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace reverie {

/// "1 step", "2 steps"
inline std::string counted(int64_t count, const std::string& noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace reverie
