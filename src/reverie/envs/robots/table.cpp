#include <reverie/envs/robots/table.h>

#include <cmath>
#include <limits>

namespace reverie {

void refuse(const toml::node& at, const std::string& message) {
  const toml::source_region& region = at.source();
  throw UsageError(fmt::format("{}:{}:{}: {}", region.path ? *region.path : "", region.begin.line,
                               region.begin.column, message));
}

void refuse_choice(const toml::node& at, std::string_view key, const std::string& given,
                   const std::vector<std::string>& names) {
  refuse(at, fmt::format("'{}' takes one of {}, not '{}'{}", key, fmt::join(names, ", "), given,
                         did_you_mean(given, names)));
}

double RobotTable::number(std::string_view key, double otherwise) {
  const double value = get(key, otherwise);
  if (value != otherwise && !std::isfinite(value))
    refuse(*table_.get(key), fmt::format("'{}' takes a finite number", key));
  return value;
}

double RobotTable::scale(std::string_view key) {
  const double value = number(key, 0.0);
  if (value < 0) refuse(*table_.get(key), fmt::format("'{}' takes a number from 0", key));
  return value;
}

double RobotTable::limit(std::string_view key) {
  const double value = get(key, std::numeric_limits<double>::infinity());
  if (!(value > 0)) refuse(*table_.get(key), fmt::format("'{}' takes a number above 0", key));
  return value;
}

int64_t RobotTable::count(std::string_view key, int64_t otherwise, int64_t most) {
  const int64_t value = get(key, otherwise);
  if (value < 1 || value > most)
    refuse(*table_.get(key), fmt::format("'{}' takes an integer from 1 to {}", key, most));
  return value;
}

void RobotTable::refuse_keys(std::initializer_list<std::string_view> keys,
                             std::string_view why) const {
  for (const std::string_view key : keys)
    if (const toml::node* node = table_.get(key)) refuse(*node, fmt::format("'{}' {}", key, why));
}

void RobotTable::refuse_other_keys() const {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      refuse(node,
             file_ && std::ranges::count(file_->known_, name) > 0
                 ? fmt::format("'{}' belongs to the file: put it above the first [table]", name)
                 : fmt::format("unknown key '{}'{}", name, did_you_mean(name, known_)));
  }
}

void RobotTable::require(const Quantity& quantity, const toml::node& at) const {
  try {
    MeasurementLayout(body_, {quantity}).find(quantity);
  } catch (const UsageError& error) {
    refuse(at, error.what());
  }
}

int RobotTable::joint(const std::string& name, const toml::node& at) const {
  require({Quantity::Kind::position, name}, at);  // says which there are
  return find_joint(*body_, name);
}

std::vector<double> RobotTable::numbers(const toml::node& node, std::string_view key) {
  std::vector<double> numbers;
  const toml::array* list = node.as_array();
  for (size_t i = 0; i < (list ? list->size() : 1); ++i) {
    const toml::node& one = list ? *list->get(i) : node;
    numbers.push_back(value<double>(one, key));
    if (!std::isfinite(numbers.back())) refuse(one, fmt::format("'{}' takes finite numbers", key));
  }
  return numbers;
}

}  // namespace reverie
