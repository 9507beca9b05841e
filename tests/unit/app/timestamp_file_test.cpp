// SPDX-License-Identifier: MIT
#include "app/timestamp_file.h"
#include "crypto/start.h"
#include "crypto/tunnel.h"
#include "scratch_folder.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

using namespace landfall;
using crypto::tai64n;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t some_time_ns = 1'800'000'000 * second_ns;

/// What the file holds after a run at this time that began one handshake.
tai64n after_a_run(const app::timestamp_file& file, std::int64_t unix_ns) {
    REQUIRE(crypto::start());
    crypto::tunnel engine({.control = {.random = crypto::fill_random,
                                       .last_timestamp = file.read(),
                                       .listen_port = 51820},
                           .peers = 1,
                           .inner_mtu = 1420});
    crypto::tunnel_change change;
    change.key = crypto::generate_private_key(crypto::fill_random);
    crypto::peer_change peer{
        .key = crypto::public_of(crypto::generate_private_key(crypto::fill_random))};
    peer.endpoint = base::parse_endpoint("192.0.2.1:51820");
    change.peers.push_back(std::move(peer));
    crypto::instant now{.now_ns = second_ns, .unix_ns = unix_ns};
    REQUIRE(engine.control().change(std::move(change), now));
    unsigned sent = 0;
    const auto send = [&](const base::udp_endpoint& /*to*/, base::octets /*message*/) { ++sent; };
    for (int i = 0; i < 20 && sent == 0; ++i) {
        now.now_ns += second_ns / 4;
        std::array<std::uint8_t, 256> room{};
        crypto::outgoing keepalive{
            .packet = room.data() + 64, .headroom = 64, .tailroom = 192, .peer = 0};
        engine.data().encrypt({&keepalive, 1}, now.now_ns); // it wants a session
        static_cast<void>(engine.control().poll(now, send));
    }
    REQUIRE(sent == 1);
    REQUIRE(file.write(engine.control().newest_timestamp()));
    return file.read();
}

} // namespace

TEST_CASE("app/timestamp_file: what was written is read, by whoever comes later") {
    const test::scratch_folder folder;
    const auto path = folder.path / "made" / "on-demand" / "stamp";
    const tai64n some = tai64n::of(some_time_ns);
    CHECK(app::timestamp_file(path).read() == tai64n{});
    REQUIRE(app::timestamp_file(path).write(some));
    CHECK(app::timestamp_file(path).read() == some);
    REQUIRE(app::timestamp_file(path).write(some.next()));
    CHECK(app::timestamp_file(path).read() == some.next());
    CHECK_FALSE(std::filesystem::exists(path.string() + ".new"));
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0600));
}

TEST_CASE("app/timestamp_file: a damaged file is none") {
    const test::scratch_folder folder;
    const app::timestamp_file file(folder.path / "stamp");
    for (const std::size_t octets : {0U, 11U, 13U}) {
        folder.write("stamp", std::string(octets, 'x'));
        CHECK(file.read() == tai64n{});
    }
    folder.write("stamp", std::string(12, 'x'));
    CHECK(file.read() != tai64n{});
}

TEST_CASE("app/timestamp_file: what cannot be kept is said, with its reason and what comes of it") {
    const test::scratch_folder folder;
    folder.write("file", "");
    const auto kept = app::timestamp_file(folder.path / "file" / "stamp").write({});
    REQUIRE_FALSE(kept);
    CHECK(kept.error().message.find("/file/stamp: ") != std::string::npos);
    CHECK(kept.error().message.find("Not a directory") != std::string::npos);
    std::filesystem::create_directories(folder.path / "stamp" / "full");
    const auto onto = app::timestamp_file(folder.path / "stamp").write({});
    REQUIRE_FALSE(onto);
    CHECK(onto.error().message.find("Is a directory") != std::string::npos);
}

TEST_CASE("app/timestamp_file: a restart with the clock set back still sends later time stamps") {
    const test::scratch_folder folder;
    const app::timestamp_file file(folder.path / "stamp");
    const tai64n first = after_a_run(file, some_time_ns);
    CHECK(first == tai64n::of(some_time_ns));
    const tai64n second = after_a_run(file, some_time_ns - 3600 * second_ns);
    CHECK(second > first);
    CHECK(second < tai64n::of(some_time_ns + second_ns)); // no further than need be
    const tai64n third = after_a_run(file, some_time_ns + 3600 * second_ns);
    CHECK(third == tai64n::of(some_time_ns + 3600 * second_ns));
}
