// Files embedded in the program: MuJoCo bodies and presets.
#pragma once

#include <string_view>
#include <vector>

namespace reverie {

struct EmbeddedFile {
  std::string_view name;  ///< Without a folder: "half_cheetah.xml", "mb-mpo.toml".
  std::string_view text;
};

const std::vector<EmbeddedFile>& embedded_files();

bool is_embedded(std::string_view name);

/// The text of an embedded file. Throws std::out_of_range for an unknown name.
std::string_view embedded_file(std::string_view name);

}  // namespace reverie
