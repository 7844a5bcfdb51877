// JSON output for people and programs.
#pragma once

#include <nlohmann/json.hpp>

#include <string>

namespace reverie {

/// Members keep their insertion order.
using Json = nlohmann::ordered_json;

/// Indented text; non-finite numbers become null, invalid UTF-8 the replacement character.
inline std::string json_text(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reverie
