// SPDX-License-Identifier: MIT
#include "carrier_signal.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace landfall::app {
namespace {

constexpr std::int64_t packet_ns = 300'000;

/// A stage with its lcore and its control thread in one, packets 0.3 ms apart.
struct bench {
    explicit bench(const config::carrier_settings& settings,
                   const delivery::router_config& routes = frames_out())
        : stage(settings, routes) {}

    void push(std::span<const std::uint8_t> packet) {
        run([&](const delivery::output& out) { stage.push(packet, now, out); });
        now += packet_ns;
        turn();
    }
    void push(const datagrams& packets) {
        for (const auto& packet : packets) {
            push(packet);
        }
    }
    void turn() {
        do {
            stage.serve();
            run([&](const delivery::output& out) { stage.poll(now, out); });
            now += packet_ns;
        } while (!stage.ready());
    }
    void finish() {
        run([&](const delivery::output& out) { stage.finish(now, out); });
        turn();
    }
    template <class Run>
    void run(Run&& what) {
        std::vector<std::uint8_t> buffer(2048);
        auto take = [&](std::size_t size) { return std::span(buffer).first(size); };
        auto commit = [&](std::uint32_t, std::size_t) { ++sent; };
        what({.take = take, .commit = commit});
    }
    /// As it will be shown.
    carrier_view view() {
        now += 100'000'000;
        turn();
        return stage.view();
    }
    std::uint64_t passed(passed_over why) {
        return view().passed_over[static_cast<std::size_t>(why)];
    }

    carrier_stage stage;
    std::int64_t now = 1'000'000'000;
    std::uint64_t sent = 0;
};

config::carrier_settings named_carrier() {
    auto settings = carrier_of();
    settings.stream_id = 7;
    return settings;
}

datagrams junk_of(const config::mission& mission, double seconds) {
    return signal_of(mission, {.stream_id = 0xbad, .seconds = seconds, .es_n0_db = -30.0});
}

} // namespace

TEST_CASE("app/carrier_stage: receives the stream that its configuration names, and no other") {
    const auto settings = named_carrier();
    bench it(settings);
    const auto junk = signal_of(settings.mission, {.stream_id = 0xbad});
    it.push(junk);
    CHECK(it.view().iq.not_selected == junk.size());
    it.push(signal_of(settings.mission, {}));
    it.finish();
    CHECK(it.sent > 50);
    CHECK(it.view().iq.not_selected == junk.size());
}

TEST_CASE(
    "app/carrier_stage: without a name, data that no context explains do not take a carrier") {
    const auto settings = carrier_of();
    bench it(settings);
    datagrams junk = junk_of(settings.mission, 0.05);
    std::erase_if(junk, [](const auto& one) {
        return wire::parse_difi(one)->header.kind != wire::packet_kind::data;
    });
    it.push(junk);
    CHECK(it.view().iq.before_context_dropped == junk.size());
    it.push(signal_of(settings.mission, {}));
    it.finish();
    CHECK(it.sent > 50);
}

TEST_CASE("app/carrier_stage: whoever gets the samples themselves gets the context before them") {
    const auto settings = carrier_of();
    auto routes = frames_out();
    routes.routes.front().as = delivery::form::iq;
    routes.routes.front().to.front().mtu_octets = 2000; // whole datagrams
    bench it(settings, routes);
    const auto signal = signal_of(settings.mission, {.seconds = 0.01});
    const auto is_data = [](const auto& one) {
        return wire::parse_difi(one)->header.kind == wire::packet_kind::data;
    };
    const auto first = std::find_if(signal.begin(), signal.end(), is_data);
    REQUIRE(first != signal.begin());
    it.push(datagrams(signal.begin(), first + 1));
    CHECK(it.sent == 2); // the context and the data that made sense of it
    it.push(datagrams(first + 1, signal.end()));
    CHECK(it.sent == 1 + static_cast<std::size_t>(signal.end() - first));
}

TEST_CASE("app/carrier_stage: a stream that yields nothing gives way to one that may") {
    const auto settings = carrier_of();
    bench it(settings);
    const auto junk = junk_of(settings.mission, 1.0);
    const auto good = signal_of(settings.mission, {.seconds = 1.0});
    const auto count = std::min(junk.size(), good.size());
    for (std::size_t i = 0; i < count; ++i) { // the junk comes first
        it.now += 8 * packet_ns;              // more than the patience before half of it is over
        it.push(junk[i]);
        it.push(good[i]);
    }
    it.finish();
    const auto view = it.view();
    CHECK(it.sent > 50);
    CHECK(view.status.receiver.locked_symbols > 200'000);
}

TEST_CASE("app/carrier_stage: of several streams the one that is received stays") {
    const auto settings = carrier_of();
    bench it(settings);
    const auto good = signal_of(settings.mission, {.seconds = 1.0});
    const auto junk = junk_of(settings.mission, 1.0);
    it.push(good[0]);
    for (std::size_t i = 1; i < good.size(); ++i) {
        it.now += 5 * packet_ns; // as slow as that, the pass takes longer than the patience
        it.push(junk[i]);
        it.push(good[i]);
    }
    it.finish();
    CHECK(it.view().status.receiver.locked_symbols > 950'000);
    CHECK(it.view().status.receiver.losses == 0);
}

TEST_CASE("app/carrier_stage: waits for a receiver, and goes on where it was") {
    const auto settings = named_carrier();
    bench it(settings);
    const auto packets = signal_of(settings.mission, {});
    std::size_t at = 0;
    for (; it.stage.ready(); ++at) {
        it.run([&](const delivery::output& out) { it.stage.push(packets[at], it.now, out); });
    }
    for (int i = 0; i < 1000; ++i) { // nobody serves it
        it.now += packet_ns;
        it.run([&](const delivery::output& out) { it.stage.poll(it.now, out); });
        REQUIRE_FALSE(it.stage.ready());
    }
    it.turn();
    CHECK(it.stage.ready());
    for (; at < packets.size(); ++at) {
        it.push(packets[at]);
    }
    it.finish();
    bench other(settings);
    other.push(packets);
    other.finish();
    CHECK(it.sent == other.sent);
    CHECK(it.view().status.samples == other.view().status.samples);
}

TEST_CASE("app/carrier_stage: another sample rate is taken up") {
    const auto settings = named_carrier();
    bench it(settings);
    it.push(signal_of(settings.mission, {}));
    const auto before = it.view().status.frames.good;
    it.now += receiver_change_ns;
    it.push(signal_of(settings.mission, {.sample_rate_hz = 3e6, .start_s = 5}));
    it.finish();
    CHECK(it.view().status.frames.good > before + 30);
    CHECK(it.passed(passed_over::unsteady_context) == 0);
}

TEST_CASE("app/carrier_stage: a context that changes again and again costs no receivers") {
    const auto settings = named_carrier();
    bench it(settings);
    const auto good = signal_of(settings.mission, {});
    auto other = signal_of(settings.mission, {.sample_rate_hz = 3e6});
    other.resize(good.size());
    it.push(good[0]);
    it.push(good[1]);
    it.push(good[2]);
    std::uint64_t junk_data = 0;
    for (std::size_t i = 3; i < good.size(); ++i) {
        it.push(good[i]);
        if (i % 100 == 0) { // a packet of another rate, and its context, then the true one
            it.push(other[0]);
            it.push(other[i]);
            it.push(good[0]);
            ++junk_data;
        }
    }
    it.finish();
    const auto passed = it.passed(passed_over::unsteady_context);
    CHECK(passed > 0);
    CHECK(passed <= 20 * junk_data);
    CHECK(it.sent > 20);
}

TEST_CASE("app/carrier_stage: packets of an unfit rate are counted, and passed over") {
    const auto settings = named_carrier();
    auto too_slow = settings.mission;
    too_slow.wave.symbol_rate_hz = 5e5; // sampled at 1.25 MHz: too little for 1 Msym/s
    bench it(settings);
    const auto unfit = signal_of(too_slow, {.seconds = 0.1});
    const auto data = std::count_if(unfit.begin(), unfit.end(), [](const auto& one) {
        return wire::parse_difi(one)->header.kind == wire::packet_kind::data;
    });
    it.push(unfit);
    it.finish();
    CHECK(it.passed(passed_over::unfit_sample_rate) == static_cast<std::uint64_t>(data));
    CHECK(it.view().unfit_rate_hz == 1.25e6);
    CHECK(it.view().status.samples == 0);
    it.push(signal_of(settings.mission, {.start_s = 3}));
    it.finish();
    CHECK(it.sent > 50);
}

TEST_CASE("app/carrier_stage: after a silence what waits is delivered") {
    const auto settings = named_carrier();
    bench it(settings);
    it.push(signal_of(settings.mission, {}));
    const auto before = it.sent;
    it.now += 200'000'000;
    it.turn();
    CHECK(it.sent == before);
    it.now += 100'000'000;
    it.turn();
    CHECK(it.sent > before);
}

TEST_CASE("app/carrier_stage: packets that are far apart are no silence") {
    auto settings = named_carrier();
    settings.mission.wave.symbol_rate_hz = 1e3;
    bench it(settings);
    for (const auto& packet : signal_of(settings.mission, {.seconds = 60.0})) {
        it.push(packet);
        for (int i = 0; i < 25; ++i) { // of 700 samples at 2,500 per second: 280 ms
            it.now += 10'000'000;
            it.turn();
        }
    }
    it.finish();
    CHECK(it.sent >= 6);
    CHECK(it.view().status.receiver.acquisitions == 1);
}

TEST_CASE("app/carrier_stage: each reason has a name") {
    CHECK(std::string_view(name(passed_over::unfit_sample_rate)) == "unfit_sample_rate");
    CHECK(std::string_view(name(passed_over::unsteady_context)) == "unsteady_context");
}

} // namespace landfall::app
