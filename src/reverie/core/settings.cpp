#include <reverie/core/settings.h>

#include <reverie/core/error.h>
#include <reverie/core/toml_text.h>

#include <charconv>
#include <set>

namespace reverie {
namespace {

struct TypeName {
  std::string operator()(bool) const { return "true or false"; }
  std::string operator()(int64_t) const { return "integer"; }
  std::string operator()(double) const { return "number"; }
  std::string operator()(const std::string&) const { return "text"; }
  std::string operator()(const std::vector<int64_t>&) const { return "list of integers"; }
  std::string operator()(const std::vector<double>&) const { return "list of numbers"; }
};

std::string describe_range(const Range& range) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high) return fmt::format(" from {} to {}", range.low, range.high);
  if (low) return fmt::format(" of at least {}", range.low);
  if (high) return fmt::format(" of at most {}", range.high);
  return "";
}

bool within(const Range& range, double value) {
  return value >= range.low && value <= range.high;
}

std::optional<double> parse_number(std::string_view text) {
  double scale = 1;
  if (!text.empty()) {
    const char suffix = text.back();
    if (suffix == 'k' || suffix == 'K') scale = 1e3;
    if (suffix == 'M') scale = 1e6;
    if (scale != 1) text.remove_suffix(1);
  }
  std::string digits;
  for (const char c : text)
    if (c != '_' && c != '\'') digits += c;
  double value = 0;
  const auto* end = digits.data() + digits.size();
  const auto [stopped, failure] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || failure != std::errc() || stopped != end) return std::nullopt;
  return value * scale;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t whole = 0;  // exact for all 64 bits, which a double is not
  const auto* end = text.data() + text.size();
  const auto [stopped, failure] = std::from_chars(text.data(), end, whole);
  if (!text.empty() && failure == std::errc() && stopped == end) return whole;
  const auto number = parse_number(text);
  if (!number || *number != std::floor(*number) || std::abs(*number) > 9e15) return std::nullopt;
  return static_cast<int64_t>(*number);
}

/// `parse` reads an item.
template <class Number>
std::optional<std::vector<Number>> parse_list(std::string_view text,
                                              std::optional<Number> (*parse)(std::string_view)) {
  std::vector<Number> list;
  if (!text.empty() && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto item = text.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    const auto number = parse(item);
    if (!number) return std::nullopt;
    list.push_back(*number);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

/// `text` as the kind of value that `like` holds; nothing where it can't be read as one.
std::optional<SettingValue> parse_like(const SettingValue& like, std::string_view text) {
  if (std::holds_alternative<bool>(like)) {
    if (text == "true" || text == "yes" || text == "on" || text == "1") return true;
    if (text == "false" || text == "no" || text == "off" || text == "0") return false;
    return std::nullopt;
  }
  if (std::holds_alternative<int64_t>(like)) {
    const auto value = parse_integer(text);
    return value ? std::optional<SettingValue>(*value) : std::nullopt;
  }
  if (std::holds_alternative<double>(like)) {
    const auto value = parse_number(text);
    return value ? std::optional<SettingValue>(*value) : std::nullopt;
  }
  if (std::holds_alternative<std::vector<int64_t>>(like)) {
    const auto value = parse_list(text, parse_integer);
    return value ? std::optional<SettingValue>(*value) : std::nullopt;
  }
  if (std::holds_alternative<std::vector<double>>(like)) {
    const auto value = parse_list(text, parse_number);
    return value ? std::optional<SettingValue>(*value) : std::nullopt;
  }
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  return SettingValue(std::string(text));
}

/// Numbers convert where nothing is lost: TOML writes 1 for 1.0, and 1e6 for an integer.
std::optional<SettingValue> convert_like(const SettingValue& like, const SettingValue& value) {
  if (like.index() == value.index()) return value;
  if (std::holds_alternative<double>(like) && std::holds_alternative<int64_t>(value))
    return static_cast<double>(std::get<int64_t>(value));
  if (std::holds_alternative<int64_t>(like) && std::holds_alternative<double>(value)) {
    const double number = std::get<double>(value);
    if (number == std::floor(number) && std::abs(number) < 9e15)
      return static_cast<int64_t>(number);
  }
  if (std::holds_alternative<std::vector<double>>(like)) {  // a number is a list of one
    if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
      return std::vector<double>(list->begin(), list->end());
    if (const auto* number = std::get_if<double>(&value)) return std::vector<double>{*number};
    if (const auto* number = std::get_if<int64_t>(&value))
      return std::vector<double>{static_cast<double>(*number)};
  }
  if (std::holds_alternative<std::string>(value) && std::holds_alternative<int64_t>(like))
    return parse_like(like, std::get<std::string>(value));  // steps = "200k"
  return std::nullopt;
}

bool acceptable(const Setting& setting, const SettingValue& value) {
  if (!setting.choices.empty())
    return std::find(setting.choices.begin(), setting.choices.end(),
                     std::get<std::string>(value)) != setting.choices.end();
  if (const auto* number = std::get_if<int64_t>(&value))
    return within(setting.range, static_cast<double>(*number));
  if (const auto* number = std::get_if<double>(&value))
    return std::isfinite(*number) && within(setting.range, *number);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value))
    return std::all_of(list->begin(), list->end(), [&](int64_t number) {
      return within(setting.range, static_cast<double>(number));
    });
  if (const auto* list = std::get_if<std::vector<double>>(&value))
    return std::all_of(list->begin(), list->end(), [&](double number) {
      return std::isfinite(number) && within(setting.range, number);
    });
  return true;
}

[[noreturn]] void refuse(const Setting& setting, const std::string& given, std::string_view where) {
  const auto value = setting.get();
  const bool told = !setting.choices.empty() || std::holds_alternative<bool>(value);
  const std::string example = told ? "" : fmt::format(", such as {}", format_value(value));
  throw UsageError(fmt::format("{}: '{}' takes {}{}, not {}", where, setting.key, setting.accepts(),
                               example, given));
}

}  // namespace

std::string format_value(const SettingValue& value) {
  struct Formatter {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
      auto text = fmt::format("{}", value);  // the shortest text that reads back the same
      if (text.find_first_of(".en") == std::string::npos) text += ".0";
      return text;
    }
    std::string operator()(const std::string& value) const {
      std::string quoted = "\"";
      for (const char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return quoted + "\"";
    }
    std::string operator()(const std::vector<int64_t>& value) const {
      return fmt::format("[{}]", fmt::join(value, ", "));
    }
    std::string operator()(const std::vector<double>& value) const {
      std::vector<std::string> items;
      for (const double item : value) items.push_back((*this)(item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    }
  };
  return std::visit(Formatter{}, value);
}

std::string Setting::type_name() const {
  return choices.empty() ? std::visit(TypeName{}, get())
                         : fmt::format("one of {}", fmt::join(choices, ", "));
}

std::string Setting::accepts() const {
  if (!choices.empty()) return type_name();
  const auto name = type_name();
  if (std::holds_alternative<bool>(get())) return name;
  const bool vowel = name.front() == 'i';
  return (vowel ? "an " : "a ") + name + describe_range(range);
}

const Setting* Settings::find(std::string_view key) const {
  for (const auto& setting : list_)
    if (setting.key == key) return &setting;
  return nullptr;
}

Setting& Settings::required(std::string_view key, std::string_view where) {
  for (auto& setting : list_)
    if (setting.key == key) return setting;
  std::vector<std::string> keys;
  for (const auto& setting : list_) keys.push_back(setting.key);
  throw UsageError(fmt::format("{}: unknown setting '{}'{}", where, key, did_you_mean(key, keys)));
}

void Settings::assign(std::string_view key, std::string_view text, std::string_view where) {
  auto& setting = required(key, where);
  const auto value = parse_like(setting.get(), text);
  if (!value || !acceptable(setting, *value)) refuse(setting, fmt::format("'{}'", text), where);
  setting.set(*value);
}

void Settings::assign(std::string_view key, const SettingValue& given, std::string_view where) {
  auto& setting = required(key, where);
  const auto value = convert_like(setting.get(), given);
  if (!value || !acceptable(setting, *value)) refuse(setting, format_value(given), where);
  setting.set(*value);
}

void Settings::assign(std::string_view key_and_value, std::string_view where) {
  const auto equals = key_and_value.find('=');
  if (equals == std::string_view::npos)
    throw UsageError(fmt::format("{}: '{}' is not key=value", where, key_and_value));
  assign(key_and_value.substr(0, equals), key_and_value.substr(equals + 1), where);
}

std::string Settings::to_toml(bool with_docs) const {
  // TOML wants a table's own values before its sub-tables, and each table once: group by table, in
  // the order in which tables first appear, the top level first.
  std::vector<std::string> tables = {""};
  const auto table_of = [](const std::string& key) {
    const auto dot = key.rfind('.');
    return dot == std::string::npos ? std::string() : key.substr(0, dot);
  };
  for (const auto& setting : list_)
    if (std::find(tables.begin(), tables.end(), table_of(setting.key)) == tables.end())
      tables.push_back(table_of(setting.key));
  std::string out;
  for (const auto& table : tables) {
    if (!table.empty()) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", table);
    for (const auto& setting : list_) {
      if (table_of(setting.key) != table) continue;
      const auto name = table.empty() ? setting.key : setting.key.substr(table.size() + 1);
      if (with_docs) out += fmt::format("# {} ({})\n", setting.doc, setting.accepts());
      out += fmt::format("{} = {}\n", name, format_value(setting.get()));
    }
  }
  return out;
}

namespace {

std::string place(std::string_view file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file, region.begin.line, region.begin.column);
}

/// Integers, or numbers where one of them is none.
SettingValue list_of(const toml::array& array, const std::string& key, const std::string& where) {
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  for (const auto& item : array) {
    const auto number = item.value<double>();
    if (!item.is_number() || !number)
      throw UsageError(
          fmt::format("{}: '{}' is a list of something else than numbers", where, key));
    numbers.push_back(*number);
    if (item.is_integer()) integers.push_back(item.as_integer()->get());
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

void flatten(const toml::table& table, const std::string& prefix, std::string_view file,
             std::vector<Assignment>& out) {
  for (const auto& [name, node] : table) {
    const auto key =
        prefix.empty() ? std::string(name.str()) : prefix + "." + std::string(name.str());
    const auto where = place(file, node.source());
    if (const auto* nested = node.as_table()) {
      flatten(*nested, key, file, out);
    } else if (const auto* flag = node.as_boolean()) {
      out.push_back({key, flag->get(), where});
    } else if (const auto* integer = node.as_integer()) {
      out.push_back({key, integer->get(), where});
    } else if (const auto* number = node.as_floating_point()) {
      out.push_back({key, number->get(), where});
    } else if (const auto* text = node.as_string()) {
      out.push_back({key, text->get(), where});
    } else if (const auto* array = node.as_array()) {
      out.push_back({key, list_of(*array, key, where), where});
    } else {
      throw UsageError(
          fmt::format("{}: '{}' is a date or time, which no setting takes", where, key));
    }
  }
}

}  // namespace

std::vector<Assignment> read_toml(std::string_view text, std::string_view file) {
  std::vector<Assignment> assignments;
  flatten(parse_toml(text, file), "", file, assignments);
  return assignments;
}

int64_t parse_count(std::string_view text, std::string_view where) {
  const auto value = parse_integer(text);
  if (!value || *value < 0)
    throw UsageError(
        fmt::format("{}: '{}' is not a count; write 200000, 200k, 1e6 or 1M", where, text));
  return *value;
}

}  // namespace reverie
