#include "orchestrator/orchctl/format/file_tables.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace orch::ctl {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

guest::v1::FileInfo File(guest::v1::FileType type, uint32_t mode) {
  guest::v1::FileInfo file;
  file.set_type(type);
  file.set_mode(mode);
  return file;
}

TEST(FileTablesTest, ModesReadAsInLs) {
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_REGULAR, 0644)), "-rw-r--r--");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_DIRECTORY, 01777)), "drwxrwxrwt");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_SYMLINK, 0777)), "lrwxrwxrwx");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_REGULAR, 06711)), "-rws--s--x");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_REGULAR, 07000)), "---S--S--T");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_FIFO, 0)), "p---------");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_SOCKET, 0)), "s---------");
  EXPECT_EQ(ModeText(File(guest::v1::FILE_TYPE_CHARACTER_DEVICE, 0)), "c---------");
  EXPECT_EQ(ModeText(File(static_cast<guest::v1::FileType>(99), 0)), "?---------");
}

TEST(FileTablesTest, SizesHaveTwoOrThreeDigits) {
  EXPECT_EQ(ByteSize(0), "0 B");
  EXPECT_EQ(ByteSize(1023), "1023 B");
  EXPECT_EQ(ByteSize(1536), "1.5 KiB");
  EXPECT_EQ(ByteSize(uint64_t{20} << 30), "20 GiB");
  EXPECT_EQ(ByteSize(~uint64_t{0}), "16 EiB");
}

TEST(FileTablesTest, NamesAreBelowTheListedDirectoryAndHarmless) {
  guest::v1::FileInfo file = File(guest::v1::FILE_TYPE_SYMLINK, 0777);
  file.set_path("/d/e/\x1b[2J");
  file.set_symlink_target("t\n");
  file.set_uid(7);
  EXPECT_THAT(FileTable({file}, "/d"), AllOf(HasSubstr("  e/\\x1b[2J -> t\\n\n"),
                                             HasSubstr("  7  "), Not(HasSubstr("\x1b"))));
  file.set_path("/d");
  file.clear_symlink_target();
  EXPECT_THAT(FileTable({file}, "/d"), HasSubstr("  /d\n"));
}

TEST(FileTablesTest, JsonOfNamesThatAreNotUtf8HasTheirBytes) {
  guest::v1::FileEvent event;
  event.set_type(guest::v1::FILE_EVENT_TYPE_RENAME);
  event.set_path("/\xc3\xa4\xff\xe2\x82");
  event.set_name("\"\n");
  event.set_old_path("/o");
  EXPECT_EQ(FileEventJson(event),
            "{\"type\": \"FILE_EVENT_TYPE_RENAME\", \"path\": \"/\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd"
            "\xef\xbf\xbd\", \"path_base64\": \"L8Ok/+KC\", \"name\": \"\\\"\\n\", "
            "\"is_directory\": false, \"old_path\": \"/o\"}");
}

}  // namespace
}  // namespace orch::ctl
