#include <reverie/pictures/video.h>

#include <reverie/core/error.h>
#include <reverie/runs/files.h>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace reverie {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using Image = std::vector<uint8_t>;

constexpr int kWidth = 32, kHeight = 16;

Image pattern(int shift) {
  Image image;
  for (int i = 0; i < 3 * kWidth * kHeight; ++i)
    image.push_back(static_cast<uint8_t>(7 * i + 11 * shift));
  return image;
}

Image read_png(const fs::path& path) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  EXPECT_TRUE(png_image_begin_read_from_file(&image, path.c_str())) << image.message;
  image.format = PNG_FORMAT_RGB;
  EXPECT_EQ(image.width, static_cast<unsigned>(kWidth));
  Image rgb(PNG_IMAGE_SIZE(image));
  EXPECT_TRUE(png_image_finish_read(&image, nullptr, rgb.data(), 0, nullptr)) << image.message;
  return rgb;
}

class VideoTest : public ::testing::Test {
 protected:
  VideoTest() : path_(std::getenv("PATH") ? std::getenv("PATH") : "") {
    root_ = fs::temp_directory_path() /
            fmt::format("reverie_video_{}_{}", ::getpid(),
                        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~VideoTest() override {
    ::setenv("PATH", path_.c_str(), 1);
    fs::remove_all(root_);
  }
  /// A program called ffmpeg, the only one on the PATH, that does this.
  void pretend_ffmpeg(const std::string& script) {
    const fs::path program = root_ / "bin" / "ffmpeg";
    fs::create_directories(program.parent_path());
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(program, fs::perms::owner_all);
    ::setenv("PATH", program.parent_path().c_str(), 1);
  }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_))
      if (entry.path().filename() != "bin") names.push_back(entry.path().filename());
    return names;
  }

  fs::path root_;
  std::string path_;
};

template <class Work>
std::string error_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(VideoTest, APngReadBackIsTheImage) {
  write_png(root_ / "a.png", kWidth, kHeight, pattern(0));
  EXPECT_EQ(read_png(root_ / "a.png"), pattern(0));
}

TEST_F(VideoTest, WhereNothingCanBeWrittenSaysSo) {
  const fs::path nowhere = root_ / "absent" / "a.png";
  EXPECT_THAT(error_of([&] { write_png(nowhere, kWidth, kHeight, pattern(0)); }),
              HasSubstr(nowhere.string()));
  for (const char* search : {path_.c_str(), ""}) {
    ::setenv("PATH", search, 1);
    std::ofstream(root_ / "file") << "x";
    const fs::path video = root_ / "file" / "a.mp4";
    EXPECT_THAT(error_of([&] { VideoWriter(video, kWidth, kHeight, 20); }), HasSubstr("cannot "));
  }
}

TEST_F(VideoTest, RefusesWhatIsNoVideo) {
  EXPECT_THROW(VideoWriter(root_ / "a.mp4", 31, 16, 20), std::invalid_argument);
  EXPECT_THROW(VideoWriter(root_ / "a.gif", kWidth, kHeight, 20), std::invalid_argument);
  pretend_ffmpeg("exit 0");
  fs::create_directories(root_ / "folder.mp4");
  EXPECT_THAT(error_of([&] { VideoWriter(root_ / "folder.mp4", kWidth, kHeight, 20); }),
              HasSubstr("folder"));
}

TEST_F(VideoTest, WithoutFfmpegWritesPngFrames) {
  ::setenv("PATH", "", 1);
  for (const int count : {3, 2}) {  // the second leaves nothing of the first
    VideoWriter writer(root_ / "out.mp4", kWidth, kHeight, 20);
    EXPECT_THAT(writer.remark(), HasSubstr("no ffmpeg"));
    EXPECT_THAT(writer.remark(), HasSubstr("install ffmpeg for a video"));
    EXPECT_EQ(writer.remark().find('\n'), std::string::npos);
    for (int i = 0; i < count; ++i) writer.add(pattern(i));
    writer.finish();
    EXPECT_EQ(writer.path(), root_ / "out");
    EXPECT_EQ(std::distance(fs::directory_iterator(root_ / "out"), {}), count + 1);
    EXPECT_THAT(read_file(root_ / "out" / "frames.txt"), HasSubstr("ffmpeg -framerate 20"));
    EXPECT_EQ(read_png(root_ / "out" / "000001.png"), pattern(1));
  }
}

TEST_F(VideoTest, FramesStayOutOfAFolderOfSomebodysFiles) {
  ::setenv("PATH", "", 1);
  fs::create_directories(root_ / "out");
  std::ofstream(root_ / "out" / "000000.png") << "a photograph";
  EXPECT_THAT(error_of([&] { VideoWriter(root_ / "out.mp4", kWidth, kHeight, 20); }),
              HasSubstr("give another name"));
  EXPECT_EQ(read_file(root_ / "out" / "000000.png"), "a photograph");
}

TEST_F(VideoTest, LinksAreWrittenThrough) {
  pretend_ffmpeg("for last; do :; done; exec /bin/cat > \"${last#file:}\"");
  fs::create_directories(root_ / "kept");
  std::ofstream(root_ / "kept" / "a.png") << "an older one";  // a.mp4 is not there yet
  for (const char* name : {"a.png", "a.mp4"})
    fs::create_symlink(fs::path("kept") / name, root_ / name);
  write_png(root_ / "a.png", kWidth, kHeight, pattern(0));
  VideoWriter writer(root_ / "a.mp4", kWidth, kHeight, 20);
  writer.add(pattern(0));
  writer.finish();
  EXPECT_TRUE(fs::is_symlink(root_ / "a.png") && fs::is_symlink(root_ / "a.mp4"));
  EXPECT_EQ(read_png(root_ / "kept" / "a.png"), pattern(0));
  EXPECT_EQ(read_file(root_ / "kept" / "a.mp4").size(), pattern(0).size());
  fs::create_symlink("/dev/null", root_ / "nothing.png");
  EXPECT_THAT(error_of([&] { write_png(root_ / "nothing.png", kWidth, kHeight, pattern(0)); }),
              HasSubstr("no ordinary file"));
}

TEST_F(VideoTest, FfmpegIsGivenTheFrames) {
  // Writes what it reads to its last argument, "file:PATH".
  pretend_ffmpeg("for last; do :; done; exec /bin/cat > \"${last#file:}\"");
  const fs::path video = root_ / "it's a \"video\" $HOME.mp4";
  VideoWriter writer(video, kWidth, kHeight, 20);
  writer.add(pattern(0));
  writer.add(pattern(1));
  EXPECT_FALSE(fs::exists(video));
  writer.finish();
  const std::string bytes = read_file(video);
  const Image second = pattern(1);
  ASSERT_EQ(bytes.size(), 2 * second.size());
  EXPECT_TRUE(std::equal(second.begin(), second.end(), bytes.begin() + second.size(),
                         [](uint8_t a, char b) { return a == static_cast<uint8_t>(b); }));
  EXPECT_EQ(left().size(), 1u);
}

TEST_F(VideoTest, AnFfmpegThatFailsLeavesNoVideo) {
  pretend_ffmpeg("echo no codec >&2; exit 3");
  EXPECT_THAT(error_of([&] {
                VideoWriter writer(root_ / "a.mp4", kWidth, kHeight, 20);
                for (int i = 0; i < 10'000; ++i) writer.add(pattern(i));
                writer.finish();
              }),
              HasSubstr("ffmpeg says: no codec"));
  EXPECT_TRUE(left().empty());
}

TEST_F(VideoTest, AVideoThatIsGivenUpLeavesNothing) {
  pretend_ffmpeg("for last; do :; done; exec /bin/cat > \"${last#file:}\"");
  std::ofstream(root_ / "a.mp4") << "an older one";
  { VideoWriter(root_ / "a.mp4", kWidth, kHeight, 20).add(pattern(0)); }
  EXPECT_EQ(read_file(root_ / "a.mp4"), "an older one");
  EXPECT_EQ(left().size(), 1u);
}

}  // namespace
}  // namespace reverie
