// SPDX-License-Identifier: MIT
#include "delivery/files/files.h"
#include "support.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>

using namespace landfall;
using namespace landfall::delivery;
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

TEST_CASE("delivery/files: files and folders do what is said, and errors have their names") {
    const folder in;
    const auto files = system_files();
    const std::string file = in.path + "/a";
    const std::vector<std::uint8_t> content(100'000, 7);
    CHECK(files->read(file, 10).error() == file_error::not_found);
    const auto made = files->create(file);
    REQUIRE(made);
    CHECK(files->write(*made, content));
    CHECK(files->sync(*made));
    files->close(*made);
    CHECK(files->create(file).error() == file_error::exists);
    CHECK(*files->read(file, content.size()) == content);
    CHECK(files->read(file, content.size() - 1).error() == file_error::too_long);
    CHECK(files->read_begin(file, 3)->size() == 3);
    CHECK(files->read(in.path, 10).error() == file_error::failed);
    CHECK(files->make_folder(in.path + "/b"));
    CHECK(files->make_folder(in.path + "/b"));
    CHECK(files->make_folder(file).error() == file_error::exists);
    CHECK(files->make_folder(in.path + "/c/d").error() == file_error::not_found);
    CHECK(files->rename(file, in.path + "/b/c"));
    CHECK(files->rename(file, in.path + "/b/c").error() == file_error::not_found);
    CHECK(files->sync_folder(in.path + "/b"));
    CHECK(files->sync_folder(in.path + "/b/c").error() == file_error::not_found);
    const auto listed = files->list(in.path);
    REQUIRE(listed);
    REQUIRE(listed->size() == 1);
    CHECK(listed->front().name == "b");
    CHECK(listed->front().is_folder);
    CHECK(files->list(in.path + "/b")->front().octets == content.size());
    CHECK_FALSE(files->list(in.path + "/b")->front().is_folder);
    CHECK(files->list(file).error() == file_error::not_found);
    CHECK(files->remove(in.path + "/b").error() == file_error::failed);
    CHECK(files->remove(in.path + "/b/c"));
    CHECK(files->remove(in.path + "/b"));
    const auto locked = files->lock(file);
    REQUIRE(locked);
    CHECK(files->lock(file).error() == file_error::busy);
    files->close(*locked);
    if (const auto full = files->append("/dev/full")) {
        CHECK(files->write(*full, content).error() == file_error::no_space);
        files->close(*full);
    }
}

TEST_CASE("delivery/files: who may read what is made") {
    const folder in;
    for (const auto& [by, mode] :
         {std::pair{readable::by_group, 0640U}, {readable::by_all, 0644U}}) {
        const auto files = system_files(by);
        const std::string path = in.path + "/" + std::to_string(mode);
        const mode_t before = ::umask(0);
        files->close(*files->create(path));
        ::umask(before);
        CHECK(static_cast<unsigned>(std::filesystem::status(path).permissions()) == mode);
    }
}

TEST_CASE("ledger/disk_files: a log on the disk is written, continued and audited") {
    const folder in;
    const auto files = system_files(readable::by_all);
    file_system& disk = *files;
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
