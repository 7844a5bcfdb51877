#include <reverie/pictures/video.h>

#include <reverie/core/error.h>
#include <reverie/runs/files.h>

#include <fcntl.h>
#include <fmt/format.h>
#include <png.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace reverie {
namespace {

namespace fs = std::filesystem;

/// The program of that name on the PATH; empty: none.
std::string find_program(std::string_view name) {
  const char* variable = std::getenv("PATH");
  std::string_view folders = variable ? variable : "";
  while (!folders.empty()) {
    const std::string_view folder = folders.substr(0, folders.find(':'));
    folders.remove_prefix(std::min(folders.size(), folder.size() + 1));
    const std::string file = fmt::format("{}/{}", folder.empty() ? "." : folder, name);
    std::error_code none;
    if (fs::is_regular_file(file, none) && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

[[noreturn]] void cannot_write(const fs::path& path, const std::string& reason) {
  throw Error(fmt::format("cannot write {}: {}", path.string(), reason));
}

/// Where a file of this name is, or will be: at the end of the links, so that they stay. Throws
/// Error where something else than a file is there: not to take the place of /dev/null.
fs::path end_of_links(const fs::path& path) {
  std::error_code none;
  fs::path end = path;
  for (int links = 0; fs::is_symlink(end, none); ++links) {
    if (links == 40) cannot_write(path, "a ring of links");
    end = end.parent_path() / fs::read_symlink(end, none);
  }
  if (fs::exists(end, none) && !fs::is_regular_file(end, none))
    cannot_write(path, fs::is_directory(end, none) ? "it is a folder" : "it is no ordinary file");
  return end;
}

/// An open file that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  void set(int value) {
    close();
    value_ = value;
  }
  void close() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }

 private:
  int value_;
};

/// `hasty`: in less time, for a larger file.
void write_image(const fs::path& path, int width, int height, std::span<const uint8_t> rgb,
                 bool hasty) {
  if (rgb.size() != 3 * static_cast<size_t>(width) * static_cast<size_t>(height))
    throw std::invalid_argument("an image to write must be height x width x 3");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  if (hasty) image.flags |= PNG_IMAGE_FLAG_FAST;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  std::string bytes(size, '\0');
  if (!png_image_write_to_memory(&image, bytes.data(), &size, 0, rgb.data(), 0, nullptr))
    cannot_write(path, image.message);
  bytes.resize(size);
  write_file_atomically(end_of_links(path), bytes);
}

}  // namespace

void write_png(const fs::path& path, int width, int height, std::span<const uint8_t> rgb) {
  write_image(path, width, height, rgb, false);
}

/// Where frames go.
class VideoWriter::Sink {
 public:
  explicit Sink(fs::path path) : path_(std::move(path)) {}
  virtual ~Sink() = default;
  const fs::path& path() const { return path_; }
  virtual void add(std::span<const uint8_t> rgb, int64_t index) = 0;
  virtual void finish(int64_t frames) = 0;

 private:
  fs::path path_;
};

/// A child process `ffmpeg` that reads frames. No shell sees the file's name.
class VideoWriter::Encoder : public Sink {
 public:
  Encoder(const std::string& program, const fs::path& path, int width, int height,
          double frame_rate)
      : Sink(path), file_(end_of_links(path)), part_(file_) {
    part_ += ".part";
    const Descriptor trial(::open(part_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
    if (trial.get() < 0) cannot_write(path, std::strerror(errno));
    try {
      start({program, "-hide_banner", "-loglevel", "error", "-nostdin", "-y",
             // What comes in:
             "-f", "rawvideo", "-pix_fmt", "rgb24", "-video_size",
             fmt::format("{}x{}", width, height), "-framerate", fmt::format("{:.6f}", frame_rate),
             "-i", "pipe:0",
             // What goes out; faststart: a browser can play it before it has all of it.
             "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p",
             "-movflags", "+faststart", "-f", "mp4", "file:" + part_.string()});
    } catch (...) {
      ::unlink(part_.c_str());
      throw;
    }
  }

  ~Encoder() override {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    wait();
    ::unlink(part_.c_str());
  }

  void add(std::span<const uint8_t> rgb, int64_t) override {
    if (child_ <= 0) throw Error("the video has ended");
    while (!rgb.empty()) {
      // A socket rather than a pipe, since a write to one need not raise SIGPIPE.
      const ssize_t sent = ::send(frames_.get(), rgb.data(), rgb.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) fail();
      rgb = rgb.subspan(static_cast<size_t>(sent));
    }
  }

  void finish(int64_t) override {
    if (child_ <= 0) throw Error("the video has ended");
    frames_.close();
    const int status = wait();
    // A disk that is full at its last flush ffmpeg only complains of, and exits with 0.
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || !complaint().empty()) refuse(status);
    if (::rename(part_.c_str(), file_.c_str()) != 0) {
      const int error = errno;
      ::unlink(part_.c_str());
      cannot_write(path(), std::strerror(error));
    }
  }

 private:
  void start(std::vector<std::string> words) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      throw Error(fmt::format("cannot start ffmpeg: {}", std::strerror(errno)));
    const Descriptor theirs(ends[0]);
    frames_.set(ends[1]);
    complaints_.set(::memfd_create("ffmpeg's complaints", MFD_CLOEXEC));
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, theirs.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&files, complaints_.get(), STDERR_FILENO);
    // A process group of its own, so that Ctrl-C is heard by us alone, who then finish the video;
    // and no signal blocked or ignored as it may be here.
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setsigdefault(&attributes, &all);
    ::posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const int error =
        ::posix_spawn(&child_, words[0].c_str(), &files, &attributes, argv.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&files);
    if (error != 0) {
      child_ = -1;
      throw Error(fmt::format("cannot start ffmpeg: {}", std::strerror(error)));
    }
  }

  int wait() {
    int status = 0;
    while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    child_ = -1;
    return status;
  }

  [[noreturn]] void fail() {
    frames_.close();
    refuse(wait());
  }

  /// The first line of what ffmpeg, told to speak of errors alone, has said.
  std::string complaint() const {
    char text[500] = {};
    const ssize_t length = ::pread(complaints_.get(), text, sizeof(text) - 1, 0);
    const std::string_view said(text, length > 0 ? static_cast<size_t>(length) : 0);
    return std::string(said.substr(0, said.find('\n')));
  }

  /// Says why there is no video; leaves none.
  [[noreturn]] void refuse(int status) {
    ::unlink(part_.c_str());
    const std::string line = complaint();
    if (!line.empty()) cannot_write(path(), fmt::format("ffmpeg says: {}", line));
    cannot_write(path(), WIFSIGNALED(status)
                             ? fmt::format("ffmpeg ended by signal {}", WTERMSIG(status))
                             : fmt::format("ffmpeg ended with code {}", WEXITSTATUS(status)));
  }

  fs::path file_, part_;
  pid_t child_ = -1;
  Descriptor frames_, complaints_;
};

class VideoWriter::PngFolder : public Sink {
 public:
  PngFolder(const fs::path& video, int width, int height, double frame_rate)
      : Sink(fs::path(video).replace_extension()), width_(width), height_(height) {
    std::error_code none;
    if (fs::is_directory(path(), none) && !fs::is_empty(path(), none) &&
        !fs::exists(path() / kNote, none))
      cannot_write(path(),
                   "the folder is not empty, and no frames.txt says that it holds a video; give "
                   "another name");
    if (const fs::path parent = path().parent_path(); !parent.empty() && !fs::exists(parent, none))
      cannot_write(path(), fmt::format("there is no folder {}", parent.string()));
    make_folder(path());
    write_file_atomically(
        path() / kNote,
        fmt::format("Frames of a video, {0:.6g} a second, by `reverie watch`. To make it, here:\n"
                    "ffmpeg -framerate {0:.6f} -i %06d.png -pix_fmt yuv420p \"{1}\"\n",
                    frame_rate, (".." / video.filename()).string()));
  }

  void add(std::span<const uint8_t> rgb, int64_t index) override {
    write_image(frame(index), width_, height_, rgb, true);
  }

  /// Takes away what is left of a longer video that was here.
  void finish(int64_t frames) override {
    std::error_code none;
    while (fs::remove(frame(frames), none)) ++frames;
  }

 private:
  static constexpr const char* kNote = "frames.txt";

  fs::path frame(int64_t index) const { return path() / fmt::format("{:06}.png", index); }

  int width_, height_;
};

VideoWriter::VideoWriter(const fs::path& path, int width, int height, double frame_rate)
    : width_(width), height_(height) {
  if (width < 2 || height < 2 || width % 2 != 0 || height % 2 != 0)
    throw std::invalid_argument("a video's width and height must be even");
  if (!(frame_rate > 0)) throw std::invalid_argument("a video needs a frame rate");
  if (path.extension() != ".mp4") throw std::invalid_argument("a video's name must end in .mp4");
  const std::string ffmpeg = find_program("ffmpeg");
  if (!ffmpeg.empty()) {
    sink_ = std::make_unique<Encoder>(ffmpeg, path, width, height, frame_rate);
    return;
  }
  sink_ = std::make_unique<PngFolder>(path, width, height, frame_rate);
  remark_ = fmt::format(
      "no ffmpeg on the PATH: writing PNG frames into {0}/ instead of {1}; "
      "install ffmpeg for a video, of these frames by {0}/frames.txt",
      sink_->path().string(), path.string());
}

VideoWriter::~VideoWriter() = default;

const fs::path& VideoWriter::path() const {
  return sink_->path();
}

void VideoWriter::add(std::span<const uint8_t> rgb) {
  if (rgb.size() != 3 * static_cast<size_t>(width_) * static_cast<size_t>(height_))
    throw std::invalid_argument("a frame must be height x width x 3");
  sink_->add(rgb, frames_);
  ++frames_;
}

void VideoWriter::finish() {
  if (frames_ == 0) throw Error("a video needs a frame");
  sink_->finish(frames_);
}

}  // namespace reverie
