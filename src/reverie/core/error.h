// Errors that the user can fix.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace reverie {

/// A problem the user can fix. `what()` is one line saying what is wrong, where, and what to do
/// instead; the program prints it and exits with `exit_code()`.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, int exit_code = 1)
      : std::runtime_error(message), exit_code_(exit_code) {}
  int exit_code() const { return exit_code_; }

 private:
  int exit_code_;
};

/// A wrong name, key, type or range on the command line or in a file: exit code 2.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(message, 2) {}
};

/// A loss, parameter, action or state that is not finite: exit code 3. `evidence` holds the bytes
/// of an Archive with the cause (a batch), if available; the trainer saves it.
class NonFiniteError : public Error {
 public:
  explicit NonFiniteError(const std::string& message, std::string evidence = {})
      : Error(message, 3), evidence_(std::move(evidence)) {}
  const std::string& evidence() const { return evidence_; }

 private:
  std::string evidence_;
};

/// Returns up to three of `names` that the user may have meant by `wrong`, nearest first (by edit
/// distance; a shared substring also counts as near). Empty where nothing is close.
std::vector<std::string> nearest(std::string_view wrong, const std::vector<std::string>& names);

/// "; did you mean 'a' or 'b'?", or an empty string where nothing is near.
std::string did_you_mean(std::string_view wrong, const std::vector<std::string>& names);

}  // namespace reverie
