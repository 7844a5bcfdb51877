#include <reverie/core/embedded.h>

#include <stdexcept>
#include <string>

namespace reverie {

std::string_view embedded_file(std::string_view name) {
  for (const auto& file : embedded_files())
    if (file.name == name) return file.text;
  throw std::out_of_range("no embedded file '" + std::string(name) + "'");
}

}  // namespace reverie
