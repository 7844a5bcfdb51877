// Settings: describe a struct of plain members once to get names, docs, TOML and flags.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace reverie {

/// The value of a setting.
using SettingValue =
    std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;

/// The values a number may take, both ends included.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};
inline Range at_least(double low) {
  return {low, std::numeric_limits<double>::infinity()};
}
inline Range between(double low, double high) {
  return {low, high};
}
inline Range any() {
  return {};
}

/// One setting: its dotted key, its meaning, and access to the member behind it.
struct Setting {
  std::string key;
  std::string doc;
  Range range;
  std::vector<std::string> choices;  ///< For an enumeration: the names it takes.
  std::function<SettingValue()> get;
  std::function<void(const SettingValue&)> set;  ///< Expects a checked value.

  std::string type_name() const;  ///< "integer", "number", "true or false", "text", …
  std::string accepts() const;    ///< Type and range as text: "an integer of at least 1".
};

/// The name of an enumeration's value: see `Settings`.
template <class Enum>
std::string setting_name(Enum value) {
  return setting_names(value).at(static_cast<size_t>(value));
}

/// The flat list of settings of a config struct. A struct describes itself in one member function:
///
///     struct FitConfig {
///       int64_t epochs = 20;
///       void describe(Settings& settings) {
///         settings.add("epochs", epochs, "passes over the training split at each fit",
///         at_least(1));
///       }
///     };
///
/// A struct that contains it calls `settings.group("fit", fit);`, which gives the key `fit.epochs`.
/// An enumeration supplies its names through an overload found by argument-dependent lookup:
/// `std::vector<std::string> setting_names(Kind)`, in the order of its values from 0. The list
/// holds references: the struct must outlive it.
class Settings {
 public:
  template <class T>
  void add(std::string_view name, T& value, std::string_view doc, Range range = any()) {
    Setting setting{prefix_ + std::string(name), std::string(doc), range, {}, {}, {}};
    if constexpr (std::is_enum_v<T>) {
      setting.choices = setting_names(T{});
      setting.get = [&value] { return SettingValue(setting_name(value)); };
      setting.set = [&value](const SettingValue& v) {
        const auto names = setting_names(T{});
        for (size_t i = 0; i < names.size(); ++i)
          if (names[i] == std::get<std::string>(v)) value = static_cast<T>(i);
      };
    } else {
      // bool, int64_t, double, std::string, std::vector<int64_t> or std::vector<double>
      setting.get = [&value] { return SettingValue(value); };
      setting.set = [&value](const SettingValue& v) { value = std::get<T>(v); };
    }
    list_.push_back(std::move(setting));
  }

  template <class Group>
  void group(std::string_view name, Group& nested) {
    const size_t length = prefix_.size();
    prefix_.append(name).append(".");
    nested.describe(*this);
    prefix_.resize(length);
  }

  const std::vector<Setting>& list() const { return list_; }
  /// The setting `key`; null where there is none.
  const Setting* find(std::string_view key) const;

  /// Assigns `text` ("200k", "true", "[64, 64]", "name") to the setting `key`. `where` names the
  /// source for messages ("--set", "my.toml:3"). Throws UsageError: for an unknown key it names the
  /// nearest ones, for a wrong type or range the key and the values it accepts.
  void assign(std::string_view key, std::string_view text, std::string_view where);
  void assign(std::string_view key, const SettingValue& value, std::string_view where);

  /// "key=value", as given to --set.
  void assign(std::string_view key_and_value, std::string_view where);

  /// Returns all settings as TOML, grouped in tables, each preceded by its documentation if
  /// `with_docs`.
  std::string to_toml(bool with_docs) const;

 private:
  Setting& required(std::string_view key, std::string_view where);

  std::string prefix_;
  std::vector<Setting> list_;
};

/// A value as TOML writes it.
std::string format_value(const SettingValue& value);

/// One assignment read from a TOML document: dotted key, value, and "file:line" for messages.
struct Assignment {
  std::string key;
  SettingValue value;
  std::string where;
};

/// The assignments of a TOML text, nested tables flattened to dotted keys. Throws UsageError with
/// file, line and column for invalid TOML, or a value of a type that no setting accepts.
std::vector<Assignment> read_toml(std::string_view text, std::string_view file);

/// Parses a count: "200000", "200k", "1e6", "1M", "1.5M". Throws UsageError naming `where`.
int64_t parse_count(std::string_view text, std::string_view where);

}  // namespace reverie
