// TOML parsing, with clear messages for the most common mistakes.
#pragma once

#include <string_view>

#include <toml++/toml.h>

namespace reverie {

/// Throws UsageError with file, line and column for invalid TOML.
toml::table parse_toml(std::string_view text, std::string_view file);

}  // namespace reverie
