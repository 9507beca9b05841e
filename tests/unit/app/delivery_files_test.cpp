// SPDX-License-Identifier: MIT
#include "app/delivery_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <set>

using namespace landfall;
using namespace landfall::app;

namespace {

/// A folder that goes with the test.
struct scratch {
    std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("landfall-unit-app-" + std::to_string(getpid()));
    scratch() { std::filesystem::remove_all(path); }
    scratch(const scratch&) = delete;
    scratch& operator=(const scratch&) = delete;
    ~scratch() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::set<std::string> names() const {
        std::set<std::string> found;
        for (const auto& entry : std::filesystem::directory_iterator(path)) {
            found.insert(entry.path().filename().string());
        }
        return found;
    }
};

} // namespace

TEST_CASE("app/delivery_files: a file for each channel, two digits at least, and one capture") {
    const scratch folder;
    auto files = frame_files::create(folder.path / "deep" / "er", "a.carrier");
    REQUIRE(files.has_value());
    const std::array<std::uint8_t, 4> octets{1, 2, 3, 4};
    for (const std::uint8_t vcid : std::array<std::uint8_t, 4>{0, 7, 63, 7}) {
        framing::delivered_frame frame{};
        frame.octets = octets;
        frame.vcid = vcid;
        CHECK(files->write(frame).has_value());
    }
    CHECK(files->close().has_value());
    CHECK(std::filesystem::file_size(folder.path / "deep" / "er" / "a.carrier.vc07.frames") == 8);
    CHECK(std::filesystem::file_size(folder.path / "deep" / "er" / "a.carrier.vc00.frames") == 4);
    CHECK(std::filesystem::file_size(folder.path / "deep" / "er" / "a.carrier.vc63.frames") == 4);
    CHECK(std::filesystem::exists(folder.path / "deep" / "er" / "a.carrier.pcapng"));
}

TEST_CASE("app/delivery_files: IP packets and other packets lie apart") {
    const scratch folder;
    auto files = packet_files::create(folder.path, "c");
    REQUIRE(files.has_value());
    const std::array<std::uint8_t, 20> octets{0x45};
    framing::delivered_packet packet{};
    packet.octets = octets;
    packet.vcid = 3;
    packet.kind = framing::packet_kind::ipv4;
    CHECK(files->write(packet).has_value());
    packet.kind = framing::packet_kind::space_packet;
    CHECK(files->write(packet).has_value());
    CHECK(files->close().has_value());
    CHECK(folder.names() ==
          std::set<std::string>{"c.packets.pcapng", "c.vc03.ip", "c.vc03.packets"});
}

TEST_CASE("app/delivery_files: a folder that cannot be made is named") {
    const scratch folder;
    std::filesystem::create_directories(folder.path);
    std::ofstream(folder.path / "file") << "x";
    const auto files = frame_files::create(folder.path / "file" / "out", "c");
    REQUIRE_FALSE(files.has_value());
    CHECK(files.error().message.find("file/out") != std::string::npos);
}

TEST_CASE("app/delivery_files: spacecraft that share a channel number have files of their own") {
    channel_names names("c");
    CHECK(names.of(41, 3) == "c.vc03");
    CHECK(names.of(7, 3) == "c.sc007.vc03");
    CHECK(names.of(7, 4) == "c.vc04");
    CHECK(names.of(41, 3) == "c.vc03");
}

TEST_CASE("app/delivery_files: an earlier run's channels of the same carrier go, nothing else") {
    const scratch folder;
    std::filesystem::create_directories(folder.path / "c.vc09.frames");
    const std::set<std::string> kept{"c.vc1.frames",       "c.2.vc01.frames", "c.vc01.frames.txt",
                                     "c.0x0001.vc01.ip",   "d.vc01.frames",   "c.vcab.frames",
                                     "c.sc7.vc01.packets", "in.frames",       "c.vc03.frames"};
    const std::set<std::string> old_frames{"c.vc01.frames", "c.sc041.vc63.frames"};
    const std::set<std::string> old_packets{"c.vc01.packets", "c.vc01.ip", "c.sc041.vc02.ip"};
    for (const auto& names : {kept, old_frames, old_packets}) {
        for (const std::string& name : names) {
            std::ofstream(folder.path / name) << "x";
        }
    }
    std::filesystem::create_symlink("in.frames", folder.path / "c.vc05.frames");
    const auto frames = frame_files::create(folder.path, "c", {folder.path / "c.vc03.frames"});
    REQUIRE(frames.has_value());
    CHECK(frames->removed().size() == old_frames.size());
    const auto packets = packet_files::create(folder.path, "c");
    REQUIRE(packets.has_value());
    CHECK(packets->removed().size() == old_packets.size());
    std::set<std::string> wanted = kept;
    wanted.insert({"c.pcapng", "c.packets.pcapng", "c.vc05.frames", "c.vc09.frames"});
    CHECK(folder.names() == wanted);
}
