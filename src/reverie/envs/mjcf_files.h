// Which files an MJCF is made of.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reverie {

/// A file that MuJoCo reads when it compiles an MJCF.
struct MjcfFile {
  std::filesystem::path path;  ///< Absolute.
  /// Of an XML file, what it says; the paths in it that were absolute lead from the folder of the
  /// MJCF (or of the model attached to it) instead. Of other files nothing.
  std::string text = {};
  bool is_xml = false;
};

/// The MJCF, first, what it includes and attaches, and the meshes, textures, height fields and
/// skins that these name, as far as they are there. Where MuJoCo would look in one of several
/// places, all that have such a file. Throws Error where an XML file can't be read.
std::vector<MjcfFile> mjcf_files(const std::filesystem::path& file);

}  // namespace reverie
