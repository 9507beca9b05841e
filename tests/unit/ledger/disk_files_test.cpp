// SPDX-License-Identifier: MIT
#include "delivery/ledger/files.h"
#include "support.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>

using namespace landfall;
using namespace landfall::delivery::ledger;

namespace {

struct folder {
    std::string path = [] {
        std::string name = (std::filesystem::temp_directory_path() / "landfall-ledger-XXXXXX");
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        return name;
    }();
    ~folder() { std::filesystem::remove_all(path); }
};

} // namespace

TEST_CASE("ledger/disk_files: files and folders do what is said, and errors have their numbers") {
    const folder in;
    disk_files disk;
    const std::string file = in.path + "/a";
    const std::vector<std::uint8_t> content(100'000, 7);
    CHECK(disk.read(file, 10).error() == ENOENT);
    CHECK(disk.write(file, content) == 0);
    CHECK(disk.sync(file) == 0);
    CHECK(*disk.read(file, content.size()) == content);
    CHECK(disk.read(file, content.size() - 1).error() == EFBIG);
    CHECK(disk.read(in.path, 10).error() == EISDIR);
    CHECK(disk.write(file, base::octets(content).first(3)) == 0);
    CHECK(disk.read(file, 10)->size() == 3);
    CHECK(disk.make_folder(in.path + "/b") == 0);
    CHECK(disk.make_folder(in.path + "/b") == EEXIST);
    CHECK(disk.make_folder(in.path + "/c/d") == ENOENT);
    CHECK(disk.rename(file, in.path + "/b/c") == 0);
    CHECK(disk.rename(file, in.path + "/b/c") == ENOENT);
    CHECK(disk.sync_folder(in.path + "/b") == 0);
    CHECK(disk.sync_folder(in.path + "/b/c") == ENOTDIR);
    CHECK(*disk.list(in.path) == std::vector<std::string>{"b"});
    CHECK(disk.list(file).error() == ENOENT);
    CHECK(disk.remove(in.path + "/b") == ENOTEMPTY);
    CHECK(disk.remove(in.path + "/b/c") == 0);
    CHECK(disk.remove(in.path + "/b") == 0);
    if (std::filesystem::exists("/dev/full")) {
        CHECK(disk.write("/dev/full", content) == ENOSPC);
    }
}

TEST_CASE("ledger/disk_files: a log on the disk is written, continued and audited") {
    const folder in;
    disk_files disk;
    const auto key = test::key_of(1);
    const log_config config = test::config_of(in.path + "/ledger");
    for (const std::uint64_t size : std::initializer_list<std::uint64_t>{10, 300, 301}) {
        auto log = log_writer::open(config, disk, key, test::noon);
        REQUIRE(log);
        for (std::uint64_t i = log->committed().size; i < size; ++i) {
            REQUIRE(log->append(test::entry_number(i)) == i);
        }
        REQUIRE(log->commit(test::noon));
        std::uint64_t visited = 0;
        const auto report = audit(disk, config.folder, test::public_of(key),
                                  [&](std::uint64_t, std::string_view, bool) { ++visited; });
        CHECK(report.good());
        CHECK(visited == size);
    }
}
