// Reads the golden numbers that scripts/oracle writes. For tests.
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace reverie {

/// A file of envs/suites/golden.
inline std::string golden_file(const std::string& name) {
  return std::string(REVERIE_TEST_DATA) + "/envs/suites/golden/" + name;
}

/// Fields of numbers by name. Each line of the file: name, count, values; '#' starts a comment.
class GoldenFile {
 public:
  /// Throws std::runtime_error where the file is missing or cut short.
  explicit GoldenFile(const std::string& name) : name_(name) {
    std::ifstream in(name);
    if (!in) throw std::runtime_error("no golden file " + name);
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line[0] == '#') continue;
      std::istringstream words(line);
      std::string field;
      size_t count = 0;
      words >> field >> count;
      std::vector<double>& values = fields_[field];
      values.resize(count);
      for (double& value : values) words >> value;
      if (!words) throw std::runtime_error("field " + field + " of " + name + " is cut short");
    }
  }

  const std::vector<double>& operator[](const std::string& field) const {
    const auto found = fields_.find(field);
    if (found == fields_.end()) throw std::runtime_error("no field " + field + " in " + name_);
    return found->second;
  }
  const std::map<std::string, std::vector<double>>& fields() const { return fields_; }

 private:
  std::string name_;
  std::map<std::string, std::vector<double>> fields_;
};

}  // namespace reverie
