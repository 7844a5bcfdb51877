// Writes pictures and videos to files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

namespace reverie {

/// Writes an image `rgb` [height, width, 3], top row first. The file is written atomically. Of a
/// symbolic link, the target is written. Throws Error naming the path and the reason.
void write_png(const std::filesystem::path& path, int width, int height,
               std::span<const uint8_t> rgb);

/// Writes frames as a video: an H.264 .mp4 that plays everywhere, encoded by the program `ffmpeg`;
/// or, where that is not on the PATH, PNG files 000000.png, ... in a folder named like the video
/// without its extension, with a note frames.txt on how to make the video from them.
///
/// The video appears under its name, replacing any older one, when `finish` has succeeded; until
/// then it grows beside it as "<name>.part". A symbolic link is kept and its target replaced.
class VideoWriter {
 public:
  /// `path` ends in ".mp4"; `frame_rate`: frames per second. Width and height must be even: H.264
  /// halves the colours' resolution. Throws Error where nothing can be written there, or where the
  /// folder for PNG files holds other files.
  VideoWriter(const std::filesystem::path& path, int width, int height, double frame_rate);
  /// Without `finish`: leaves no video, but keeps PNG files.
  ~VideoWriter();

  /// Adds a frame `rgb` [height, width, 3], top row first. Throws Error where the disk is full,
  /// ffmpeg has died, and the like; no frame can be added after that.
  void add(std::span<const uint8_t> rgb);

  /// Completes the file. Throws Error as `add` does.
  void finish();

  /// The output path: the video, or the folder of PNG files.
  const std::filesystem::path& path() const;
  /// For PNG files: a line that says so, and why. Otherwise empty.
  const std::string& remark() const { return remark_; }
  int64_t frames() const { return frames_; }

 private:
  class Sink;
  class Encoder;
  class PngFolder;

  int width_, height_;
  int64_t frames_ = 0;
  std::string remark_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace reverie
