#include <reverie/envs/env_config.h>

#include <reverie/core/error.h>

#include <fmt/format.h>

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

void refuse_changes(const EnvConfig& config, std::initializer_list<std::string_view> keys,
                    std::string_view task) {
  EnvConfig copy = config;
  EnvConfig published;
  Settings given;
  Settings defaults;
  given.group("env", copy);
  defaults.group("env", published);
  for (size_t i = 0; i < given.list().size(); ++i) {
    const Setting& setting = given.list()[i];
    for (const std::string_view key : keys)
      if (setting.key == key && setting.get() != defaults.list()[i].get())
        throw UsageError(fmt::format("{} means nothing to {}; leave it at {}", key, task,
                                     format_value(defaults.list()[i].get())));
  }
}

}  // namespace reverie
