#include <unistd.h>

#include <thread>

#include "absl/strings/str_cat.h"

#include "tests/integration/agent/filesystem_fixture.h"

namespace orch::agent {
namespace {

using ::orch::testing::IsOk;
using ::orch::testing::StatusIs;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;
using Stub = guest::v1::FileSystemService::Stub;
namespace v1 = ::guest::v1;

class FileSystemWatchTest : public FileSystemFixture {
 protected:
  void SetUp() override {
    FileSystemFixture::SetUp();
    std::filesystem::create_directory(Path("d"));
  }

  // An open watch.
  class Watching {
   public:
    Watching(Stub& stub, const v1::WatchRequest& request, const std::string& root) : root_(root) {
      stream_ = stub.Watch(&context_, request);
      v1::WatchResponse response;
      if (stream_->Read(&response)) id_ = response.started().watch_id();
    }
    ~Watching() {
      context_.TryCancel();
      v1::WatchResponse response;
      while (stream_->Read(&response)) {
      }
      if (!finished_) stream_->Finish();
    }

    const std::string& id() const { return id_; }

    // The next event: "CREATE d/f", "RENAME a -> b", with a slash at a directory's end; "OVERFLOW",
    // or "END" with the status. Writes in a row are one: how many of them the kernel reports
    // depends on how soon they are read.
    std::string Next() {
      std::string event = NextReported();
      while (event == last_ && event.rfind("WRITE ", 0) == 0) event = NextReported();
      last_ = event;
      return event;
    }

    // All events up to the one that makes `last` appear, which is not among them.
    std::vector<std::string> Until(const std::string& last) {
      std::vector<std::string> events;
      while (true) {
        std::string event = Next();
        if (event == last || event.rfind("END", 0) == 0) return events;
        events.push_back(std::move(event));
      }
    }

   private:
    std::string NextReported() {
      v1::WatchResponse response;
      if (!stream_->Read(&response)) {
        finished_ = true;
        return absl::StrCat("END ", stream_->Finish().error_code());
      }
      if (response.has_overflow()) return "OVERFLOW";
      const v1::FileEvent& event = response.change();
      EXPECT_EQ(event.name(), event.path().substr(event.path().rfind('/') + 1));
      const std::string type =
          v1::FileEventType_Name(event.type()).substr(std::string("FILE_EVENT_TYPE_").size());
      const std::string old =
          event.old_path().empty() ? "" : absl::StrCat(Relative(event.old_path()), " -> ");
      return absl::StrCat(type, " ", old, Relative(event.path()), event.is_directory() ? "/" : "");
    }

    std::string Relative(const std::string& path) const {
      return path == root_ ? "." : path.substr(root_.size() + 1);
    }

    const std::string root_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> stream_;
    std::string id_;
    std::string last_;
    bool finished_ = false;
  };

  std::unique_ptr<Watching> Watch(bool recursive, const std::string& user = "") {
    auto request = About<v1::WatchRequest>(Path("d"), user);
    request.set_recursive(recursive);
    return std::make_unique<Watching>(*files_, request, Path("d"));
  }
};

TEST_F(FileSystemWatchTest, ReportsEachKindOfChange) {
  const auto watch = Watch(false);
  EXPECT_FALSE(watch->id().empty());
  Put(Path("d/f"), "");
  EXPECT_EQ(watch->Next(), "CREATE f");
  Put(Path("d/f"), "1");
  EXPECT_EQ(watch->Next(), "WRITE f");
  std::filesystem::rename(Path("d/f"), Path("d/g"));
  EXPECT_EQ(watch->Next(), "RENAME f -> g");
  std::filesystem::remove(Path("d/g"));
  EXPECT_EQ(watch->Next(), "DELETE g");
  std::filesystem::create_directory(Path("d/e"));
  EXPECT_EQ(watch->Next(), "CREATE e/");
  std::filesystem::remove(Path("d/e"));
  EXPECT_EQ(watch->Next(), "DELETE e/");
}

TEST_F(FileSystemWatchTest, ReportsMovesInAndOut) {
  const auto watch = Watch(true);
  Put(Path("f"), "1");
  std::filesystem::rename(Path("f"), Path("d/f"));
  EXPECT_EQ(watch->Next(), "CREATE f");
  std::filesystem::rename(Path("d/f"), Path("f"));
  EXPECT_EQ(watch->Next(), "DELETE f");
  std::filesystem::create_directories(Path("e/x"));
  Put(Path("e/x/y"), "1");
  std::filesystem::rename(Path("e"), Path("d/e"));
  EXPECT_EQ(watch->Next(), "CREATE e/");
  EXPECT_EQ(watch->Next(), "CREATE e/x/");
  EXPECT_EQ(watch->Next(), "CREATE e/x/y");
  std::filesystem::rename(Path("d/e"), Path("e"));
  EXPECT_EQ(watch->Next(), "DELETE e/");
  // It is not followed out.
  Put(Path("e/x/z"), "1");
  Put(Path("d/last"), "");
  EXPECT_THAT(watch->Until("CREATE last"), IsEmpty());
}

TEST_F(FileSystemWatchTest, LeavesDirectoriesBelowAloneUnlessRecursive) {
  std::filesystem::create_directory(Path("d/e"));
  const auto flat = Watch(false);
  const auto deep = Watch(true);
  Put(Path("d/e/f"), "");
  Put(Path("d/last"), "");
  EXPECT_THAT(flat->Until("CREATE last"), IsEmpty());
  EXPECT_THAT(deep->Until("CREATE last"), ElementsAre("CREATE e/f"));
}

TEST_F(FileSystemWatchTest, FollowsNewDirectories) {
  const auto watch = Watch(true);
  std::filesystem::create_directories(Path("d/a/b/c"));
  Put(Path("d/a/b/c/f"), "");
  for (const char* event : {"CREATE a/", "CREATE a/b/", "CREATE a/b/c/", "CREATE a/b/c/f"}) {
    EXPECT_EQ(watch->Next(), event);
  }
  std::filesystem::rename(Path("d/a"), Path("d/z"));
  EXPECT_EQ(watch->Next(), "RENAME a -> z/");
  Put(Path("d/z/b/g"), "");
  EXPECT_EQ(watch->Next(), "CREATE z/b/g");
}

TEST_F(FileSystemWatchTest, MissesAndRepeatsNothingInTreesThatAppear) {
  const auto watch = Watch(true);
  std::vector<std::string> expected;
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 10; ++j) {
      std::filesystem::create_directories(Path(absl::StrCat("d/", i, "/", j)));
      ASSERT_EQ(::mkfifo(Path(absl::StrCat("d/", i, "/", j, "/f")).c_str(), 0600), 0);
      if (j == 0) expected.push_back(absl::StrCat("CREATE ", i, "/"));
      expected.push_back(absl::StrCat("CREATE ", i, "/", j, "/"));
      expected.push_back(absl::StrCat("CREATE ", i, "/", j, "/f"));
    }
  }
  Put(Path("d/last"), "");
  EXPECT_THAT(watch->Until("CREATE last"), UnorderedElementsAreArray(expected));
}

TEST_F(FileSystemWatchTest, DoesNotFollowLinks) {
  std::filesystem::create_directory(Path("outside"));
  std::filesystem::create_directory_symlink(Path("outside"), Path("d/before"));
  const auto watch = Watch(true);
  std::filesystem::create_directory_symlink(Path("outside"), Path("d/l"));
  Put(Path("outside/f"), "");
  Put(Path("d/last"), "");
  EXPECT_THAT(watch->Until("CREATE last"), ElementsAre("CREATE l"));
}

TEST_F(FileSystemWatchTest, EndsWhenTheDirectoryGoesAway) {
  const auto watch = Watch(true);
  std::filesystem::remove(Path("d"));
  EXPECT_EQ(watch->Next(), "DELETE ./");
  EXPECT_EQ(watch->Next(), "END 0");
}

TEST_F(FileSystemWatchTest, EndsWhenItIsStopped) {
  const auto watch = Watch(true);
  const auto other = Watch(true);
  v1::StopWatchRequest request;
  request.set_watch_id(watch->id());
  ORCH_ASSERT_OK(Call(&Stub::StopWatch, request));
  EXPECT_EQ(watch->Next(), "END 0");
  EXPECT_THAT(Call(&Stub::StopWatch, request), StatusIs(absl::StatusCode::kNotFound));
  Put(Path("d/f"), "");
  EXPECT_EQ(other->Next(), "CREATE f");
}

TEST_F(FileSystemWatchTest, TellsASlowClientThatEventsAreMissing) {
  const auto watch = Watch(false);
  // More than the kernel's queue, this one and gRPC's windows hold together.
  std::ifstream limit_file("/proc/sys/fs/inotify/max_queued_events");
  size_t limit = 0;
  limit_file >> limit;
  const std::string name(200, 'n');
  for (size_t i = 0; i < limit + 20'000; ++i) {
    ASSERT_EQ(::mkfifo(Path(absl::StrCat("d/", name, i)).c_str(), 0600), 0);
    ASSERT_EQ(::unlink(Path(absl::StrCat("d/", name, i)).c_str()), 0);
  }
  bool overflow = false;
  while (!overflow) {
    const std::string event = watch->Next();
    ASSERT_THAT(event, Not(HasSubstr("END")));
    overflow = event == "OVERFLOW";
  }
  // It goes on.
  Put(Path("d/last"), "");
  watch->Until("CREATE last");
}

TEST_F(FileSystemWatchTest, KeepsToItsLimits) {
  StartService({.max_watches = 2, .watch_max_directories = 3});
  std::filesystem::create_directories(Path("d/a"));
  std::filesystem::create_directories(Path("d/b"));
  {
    const auto first = Watch(true);
    const auto second = Watch(true);
    EXPECT_FALSE(second->id().empty());
    const auto third = Watch(true);
    EXPECT_EQ(third->id(), "");
    EXPECT_EQ(third->Next(), absl::StrCat("END ", grpc::StatusCode::RESOURCE_EXHAUSTED));
    std::filesystem::create_directory(Path("d/c"));
    EXPECT_EQ(first->Next(), "CREATE c/");
    EXPECT_EQ(first->Next(), "OVERFLOW");
  }
  // The service learns of their end in its own time.
  while (Watch(false)->id().empty()) {
  }
  const auto too_many = Watch(true);
  EXPECT_EQ(too_many->Next(), absl::StrCat("END ", grpc::StatusCode::RESOURCE_EXHAUSTED));
}

TEST_F(FileSystemWatchTest, SeesWhatTheUserMaySee) {
  std::filesystem::create_directories(Path("d/locked"));
  ::chmod(Path("d/locked").c_str(), 0700);
  const auto watch = Watch(true, kOtherUser);
  Put(Path("d/locked/f"), "");
  Put(Path("d/last"), "");
  EXPECT_THAT(watch->Until("CREATE last"), IsEmpty());
}

TEST_F(FileSystemWatchTest, ReportsNamesThatAreNotText) {
  const auto watch = Watch(false);
  Put(Path("d/\xff\n"), "");
  EXPECT_EQ(watch->Next(), "CREATE \xff\n");
}

}  // namespace
}  // namespace orch::agent
