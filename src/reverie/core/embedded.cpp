#include <reverie/core/embedded.h>

#include <algorithm>
#include <stdexcept>
#include <string>

namespace reverie {

bool is_embedded(std::string_view name) {
  const auto& files = embedded_files();
  return std::any_of(files.begin(), files.end(),
                     [name](const EmbeddedFile& file) { return file.name == name; });
}

std::string_view embedded_file(std::string_view name) {
  for (const auto& file : embedded_files())
    if (file.name == name) return file.text;
  throw std::out_of_range("no embedded file '" + std::string(name) + "'");
}

}  // namespace reverie
