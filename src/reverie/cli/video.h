// Pictures and videos as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace reverie {

/// Writes an image `rgb` [height, width, 3], top row first. The file is there whole or not at all.
/// A link stays: what it points to is written. Throws Error naming the path and the reason.
void write_png(const std::filesystem::path& path, int width, int height,
               std::span<const uint8_t> rgb);

/// Frames that become a video: an H.264 .mp4 that plays everywhere, by the program `ffmpeg`; or,
/// where that is not on the PATH, PNG files 000000.png, ... in a folder that is called like the
/// video without its extension, with a note frames.txt of how to make the video of them. Says on
/// standard error, in one line, that it is the latter.
///
/// The video appears under its name when `finish` has been called and all went well, in the place
/// of one that was there; until then it grows beside it as "<name>.part". Of a link, what it points
/// to is meant.
class VideoWriter {
 public:
  /// `path` ends in ".mp4"; `frame_rate`: frames per second. Width and height must be even: H.264
  /// halves the colours' resolution. Throws Error where nothing can be written there, or where the
  /// folder of PNG files would be one that holds somebody's other files.
  VideoWriter(const std::filesystem::path& path, int width, int height, double frame_rate);
  /// Without `finish`: leaves no video, but the PNG files.
  ~VideoWriter();

  /// Adds a frame `rgb` [height, width, 3], top row first. Throws Error where the disk is full,
  /// ffmpeg has died, and the like; nothing can be added then.
  void add(std::span<const uint8_t> rgb);

  /// Completes the file. Throws Error as `add` does.
  void finish();

  /// What was, or will be, written: the video, or the folder of PNG files.
  const std::filesystem::path& path() const;
  int64_t frames() const { return frames_; }

 private:
  class Sink;
  class Encoder;
  class PngFolder;

  int width_, height_;
  int64_t frames_ = 0;
  std::unique_ptr<Sink> sink_;
};

}  // namespace reverie
