// The files that make up an MJCF.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reverie {

/// A file that MuJoCo reads when it compiles an MJCF.
struct MjcfFile {
  std::filesystem::path path;  ///< Absolute.
  /// Contents of an XML file, its absolute paths made relative to the folder of the MJCF (or of
  /// the model attached to it); empty for other files.
  std::string text = {};
  bool is_xml = false;
};

/// Returns the MJCF first, then the files it includes and attaches, and the meshes, textures,
/// height fields and skins that these name, where they exist. Where MuJoCo might look in several
/// places, every file found is listed. Throws Error where an XML file can't be read.
std::vector<MjcfFile> mjcf_files(const std::filesystem::path& file);

}  // namespace reverie
