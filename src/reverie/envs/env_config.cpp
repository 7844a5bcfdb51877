#include <reverie/envs/env_config.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

#include <algorithm>

namespace reverie {

void check_ranges(const EnvConfig& config) {
  EnvConfig copy = config;
  Settings settings;
  settings.group("env", copy);
  for (const Setting& setting : settings.list()) {
    const SettingValue value = setting.get();
    double number = 0;
    if (const auto* integer = std::get_if<int64_t>(&value))
      number = static_cast<double>(*integer);
    else if (const auto* real = std::get_if<double>(&value))
      number = *real;
    else
      continue;
    if (!(number >= setting.range.low && number <= setting.range.high))
      throw UsageError(fmt::format("{} is {}; it takes {}", setting.key, format_value(value),
                                   setting.accepts()));
  }
}

std::vector<EnvChange> changes(const EnvConfig& config) {
  EnvConfig copy = config;
  EnvConfig published;
  Settings given;
  Settings defaults;
  given.group("env", copy);
  defaults.group("env", published);
  std::vector<EnvChange> found;
  for (size_t i = 0; i < given.list().size(); ++i) {
    const SettingValue value = given.list()[i].get(), usual = defaults.list()[i].get();
    if (value != usual) found.push_back({given.list()[i].key, value, usual});
  }
  return found;
}

void refuse_changes(const EnvConfig& config, std::initializer_list<std::string_view> keys,
                    std::string_view task) {
  for (const EnvChange& change : changes(config))
    if (std::ranges::find(keys, std::string_view(change.key)) != keys.end())
      throw UsageError(fmt::format("{} means nothing to {}; leave it at {}", change.key, task,
                                   format_value(change.published)));
}

}  // namespace reverie
