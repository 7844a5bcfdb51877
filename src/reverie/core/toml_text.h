// Texts in TOML, with words for what goes wrong in them most often.
#pragma once

#include <string_view>

#include <toml++/toml.h>

namespace reverie {

/// Throws UsageError with file, line and column for what TOML can't read.
toml::table parse_toml(std::string_view text, std::string_view file);

}  // namespace reverie
