#include <reverie/cli/variation.h>

#include <reverie/envs/env_config.h>

#include <fmt/core.h>

#include <algorithm>

namespace reverie::cli {
namespace {

/// The setting that draws about, or instead of, the one that is set; empty where there is none.
std::string drawn_by(const std::string& key) {
  constexpr std::string_view scale = "_scale";
  if (key.ends_with(scale)) return key.substr(0, key.size() - scale.size()) + "_spread";
  if (key == "env.slope") return "env.slope_spread";
  if (key == "env.disabled_actuator" || key == "env.crippled_leg") return "env.cripple";
  return "";
}

}  // namespace

void vary(Settings& settings, const std::vector<std::string>& sets,
          const std::function<void(const std::string&)>& note) {
  std::vector<std::string> keys;
  for (const std::string& set : sets) {
    settings.assign(set, "--set");
    keys.push_back(set.substr(0, set.find('=')));
  }
  EnvConfig plain;
  Settings defaults;
  defaults.group("env", plain);
  for (const std::string& key : keys) {
    const std::string drawn = drawn_by(key);
    const Setting* setting = settings.find(drawn);
    if (!setting || std::find(keys.begin(), keys.end(), drawn) != keys.end()) continue;
    const SettingValue trained = setting->get(), off = defaults.find(drawn)->get();
    if (trained == off) continue;
    settings.assign(drawn, off, "--set");
    std::string value = format_value(trained);
    std::erase(value, '"');
    note(fmt::format("{} is set: {}={}, by which the run was trained, is off here (to keep it: "
                     "--set {}={})",
                     key, drawn, value, drawn, value));
  }
}

}  // namespace reverie::cli
