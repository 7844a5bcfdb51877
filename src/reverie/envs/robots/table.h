// A TOML table of a robot file, every key of which must be used.
#pragma once

#include <reverie/core/error.h>
#include <reverie/envs/mujoco/quantity.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace reverie {

/// Throws UsageError with file, line and column of `at`.
[[noreturn]] void refuse(const toml::node& at, const std::string& message);

/// Refuses a key's value, at `at`, that is none of `names`.
[[noreturn]] void refuse_choice(const toml::node& at, std::string_view key,
                                const std::string& given, const std::vector<std::string>& names);

/// A table whose keys are requested by name; refuse_other_keys() refuses those never requested. All
/// its functions throw UsageError with file, line and column for a value of the wrong kind or out
/// of range.
class RobotTable {
 public:
  /// The file itself.
  explicit RobotTable(const toml::table& table) : table_(table) {}
  /// A table nested in another.
  RobotTable(const toml::table& table, const RobotTable& outer)
      : table_(table), body_(outer.body_), file_(outer.file_ ? outer.file_ : &outer) {}

  /// Sets the body whose quantities this table and those nested in it name.
  void set_body(std::shared_ptr<const mjModel> body) { body_ = std::move(body); }
  const std::shared_ptr<const mjModel>& body() const { return body_; }
  const toml::table& source() const { return table_; }

  /// Null where the key is not there.
  const toml::node* find(std::string_view key) {
    known_.emplace_back(key);
    return table_.get(key);
  }
  template <class T>
  T get(std::string_view key, T otherwise) {
    const toml::node* node = find(key);
    return node ? value<T>(*node, key) : otherwise;
  }
  double number(std::string_view key, double otherwise);
  double scale(std::string_view key);  ///< A number of at least 0; 0 where left out.
  double limit(std::string_view key);  ///< A number above 0; infinity where left out.
  int64_t count(std::string_view key, int64_t otherwise, int64_t most);
  /// One of an enumeration's `names`, given in the order of its values.
  template <class Enum>
  Enum choice(std::string_view key, const std::vector<std::string>& names, Enum otherwise) {
    const auto name = get<std::string>(key, names[static_cast<size_t>(otherwise)]);
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) refuse_choice(*table_.get(key), key, name, names);
    return static_cast<Enum>(found - names.begin());
  }

  /// Refuses those of `keys` that are present.
  void refuse_keys(std::initializer_list<std::string_view> keys, std::string_view why) const;
  void refuse_other_keys() const;
  /// Refuses a quantity, named at `at`, that the body does not have.
  void require(const Quantity& quantity, const toml::node& at) const;
  /// The joint of this name, which the body must have.
  int joint(const std::string& name, const toml::node& at) const;

  /// The value of a key's node, as a T.
  template <class T>
  static T value(const toml::node& node, std::string_view key) {
    const auto value = node.value<T>();
    const bool other_kind = node.is_boolean() != std::is_same_v<T, bool>;
    if (!value || other_kind) refuse(node, fmt::format("'{}' takes {}", key, wanted<T>()));
    return *value;
  }

  /// A number, or a list of numbers, all finite.
  static std::vector<double> numbers(const toml::node& node, std::string_view key);

  /// Calls `read(table)` for each of the tables [[key]].
  template <class Read>
  void for_each(std::string_view key, const Read& read) {
    const toml::node* node = find(key);
    if (!node) return;
    const toml::array* array = node->as_array();
    if (!array)
      refuse(*node, fmt::format("'{}' is a list: write [[{}]] above each entry", key, key));
    for (const toml::node& entry : *array) {
      if (!entry.is_table()) refuse(entry, fmt::format("an entry of '{}' is a table", key));
      RobotTable table(*entry.as_table(), *this);
      read(table);
      table.refuse_other_keys();
    }
  }

 private:
  template <class T>
  static const char* wanted() {
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::string>) return "a text in quotes";
    if constexpr (std::is_same_v<T, int64_t>) return "an integer";
    return "a number";
  }

  const toml::table& table_;
  std::shared_ptr<const mjModel> body_;
  const RobotTable* file_ = nullptr;  ///< The outermost enclosing table; null: this one.
  std::vector<std::string> known_;
};

}  // namespace reverie
