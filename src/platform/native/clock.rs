//! The system's clock, and between its readings what the processor counts: to ask for that takes less than half as long, and
//! does not stop what else the processor is about.
//!
//! A thread reads the clock again after a millisecond. So nothing is calibrated in advance, nothing drifts, and a clock that is
//! set is followed at once.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// For how many nanoseconds the processor is asked instead of the clock.
const VALID: u64 = 1_000_000;

/// From how much time at least the length of a tick is taken: what comes between two readings means little then.
const MEASURED: Duration = Duration::from_millis(10);

/// The length of a tick is in parts of 2⁻³² ns.
const FRACTION: u32 = u32::BITS;

/// If a tick seems shorter, the processor counted on while the machine slept.
const SHORTEST_TICK: u64 = (1 << FRACTION) / 16;

thread_local! {
    static CLOCK: Cell<Clock> = const { Cell::new(Clock::UNREAD) };
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    if !ticks_are_steady() {
        return system();
    }
    let ticks = ticks();
    CLOCK.with(|clock| clock.get().time_at(ticks)).unwrap_or_else(|| read_at(ticks))
}

#[cold]
fn read_at(ticks: u64) -> u64 {
    /// How long a tick is, found out by any thread.
    static TICK: AtomicU64 = AtomicU64::new(0);
    let nanos = system();
    CLOCK.with(|clock| clock.set(clock.get().read(ticks, nanos, Instant::now(), &TICK)));
    nanos
}

/// Nanoseconds since the Unix epoch, by the operating system.
fn system() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX)
}

/// What the processor has counted; nothing where that is not known.
#[allow(unsafe_code, reason = "the standard library has no other way, and it saves a sixth of a span's time")]
fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        // SAFETY: all processors of the architecture have the instruction, and it changes nothing.
        unsafe { core::arch::x86_64::_rdtsc() }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks;
        // SAFETY: all processors of the architecture have the register, and reading it changes nothing.
        unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
        ticks
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    0
}

/// Whether all cores count alike and at one rate: this processor says so, or its architecture promises it.
#[allow(unsafe_code, unused_unsafe, reason = "as above; later compilers hold the instruction for safe")]
fn ticks_are_steady() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        const EXTENDED: u32 = 0x8000_0000;
        const POWER_MANAGEMENT: u32 = 0x8000_0007;
        const INVARIANT_TSC: u32 = 1 << 8;
        static STEADY: OnceLock<bool> = OnceLock::new();
        // SAFETY: all processors of the architecture have the instruction, and it changes nothing.
        let cpuid = |leaf| unsafe { core::arch::x86_64::__cpuid(leaf) };
        *STEADY
            .get_or_init(|| cpuid(EXTENDED).eax >= POWER_MANAGEMENT && cpuid(POWER_MANAGEMENT).edx & INVARIANT_TSC != 0)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        cfg!(target_arch = "aarch64")
    }
}

/// What a thread knows of the clock.
#[derive(Clone, Copy)]
struct Clock {
    /// When it was read last, and what it said.
    ticks: u64,
    nanos: u64,
    /// For how many ticks that is enough; 0 as long as nobody knows how long they are.
    valid: u64,
    tick: u64,
    /// Since when the length of a tick is measured.
    since: Option<(u64, Instant)>,
}

impl Clock {
    const UNREAD: Self = Self { ticks: 0, nanos: 0, valid: 0, tick: 0, since: None };

    /// The time at a tick, unless the clock has to be read.
    #[inline]
    fn time_at(self, ticks: u64) -> Option<u64> {
        let passed = ticks.wrapping_sub(self.ticks);
        (passed < self.valid).then(|| self.nanos.wrapping_add(passed.wrapping_mul(self.tick) >> FRACTION))
    }

    /// What is known after another reading. `shared` is how long a tick is, or 0.
    fn read(self, ticks: u64, nanos: u64, instant: Instant, shared: &AtomicU64) -> Self {
        let (start, began) = self.since.unwrap_or((ticks, instant));
        let passed = instant.saturating_duration_since(began);
        let is_measured = passed >= MEASURED;
        if is_measured && let Some(tick) = tick(passed, ticks.wrapping_sub(start)) {
            shared.store(tick, Ordering::Relaxed);
        }
        let tick = shared.load(Ordering::Relaxed);
        let valid = (VALID << FRACTION).checked_div(tick).unwrap_or_default();
        Self { ticks, nanos, valid, tick, since: Some(if is_measured { (ticks, instant) } else { (start, began) }) }
    }
}

fn tick(passed: Duration, ticks: u64) -> Option<u64> {
    let tick = (passed.as_nanos() << FRACTION).checked_div(ticks.into())?;
    u64::try_from(tick).ok().filter(|tick| *tick >= SHORTEST_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000_000_000;
    const MILLI: u64 = 1_000_000;

    /// A clock beside a counter of 4 GHz, that a thread reads.
    struct Machine {
        origin: Instant,
        passed: u64,
        set_ahead: i64,
        counted_asleep: u64,
        stands_still: bool,
        reads: usize,
        shared: AtomicU64,
    }

    impl Machine {
        fn new() -> Self {
            let shared = AtomicU64::new(0);
            let origin = Instant::now();
            Self { origin, passed: 0, set_ahead: 0, counted_asleep: 0, stands_still: false, reads: 0, shared }
        }

        fn ticks(&self) -> u64 {
            if self.stands_still { 7 } else { self.passed * 4 + self.counted_asleep }
        }

        fn time(&self) -> u64 {
            (START + self.passed).wrapping_add_signed(self.set_ahead)
        }

        fn now(&mut self, clock: &mut Clock) -> u64 {
            clock.time_at(self.ticks()).unwrap_or_else(|| {
                self.reads += 1;
                let instant = self.origin + Duration::from_nanos(self.passed);
                *clock = clock.read(self.ticks(), self.time(), instant, &self.shared);
                self.time()
            })
        }

        /// A thread that asks for the time every 100 ns; by how much it is told a wrong one at most, in nanoseconds.
        fn run(&mut self, clock: &mut Clock, nanos: u64) -> u64 {
            let end = self.passed + nanos;
            let mut worst = 0;
            while self.passed < end {
                self.passed += 100;
                worst = worst.max(self.now(clock).abs_diff(self.time()));
            }
            worst
        }
    }

    #[test]
    fn the_clock_is_read_once_in_a_millisecond_when_the_length_of_a_tick_is_known() {
        let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
        assert_eq!(machine.run(&mut clock, 11 * MILLI), 0);
        let before = machine.reads;
        assert!(machine.run(&mut clock, 100 * MILLI) <= 1);
        assert!((99..=101).contains(&(machine.reads - before)), "{}", machine.reads - before);
    }

    #[test]
    fn another_thread_need_not_find_out_how_long_a_tick_is() {
        let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
        machine.run(&mut clock, 11 * MILLI);
        machine.reads = 0;
        assert!(machine.run(&mut { Clock::UNREAD }, MILLI) <= 1);
        assert_eq!(machine.reads, 1);
    }

    #[test]
    fn a_clock_that_is_set_is_followed_within_a_millisecond() {
        const HOUR: i64 = 3_600_000_000_000;
        for set_ahead in [HOUR, -HOUR, 1_000, -1_000, 9 * MILLI as i64, -7 * MILLI as i64] {
            let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
            machine.run(&mut clock, 15 * MILLI);
            machine.set_ahead = set_ahead;
            machine.run(&mut clock, MILLI);
            assert!(machine.run(&mut clock, 100 * MILLI) <= 1, "set by {set_ahead}");
        }
    }

    #[test]
    fn a_counter_that_goes_on_while_the_machine_sleeps_makes_no_time_wrong() {
        const HOUR: u64 = 3_600_000 * MILLI;
        let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
        machine.run(&mut clock, 15 * MILLI);
        (machine.counted_asleep, machine.set_ahead) = (HOUR * 4, HOUR as i64);
        assert!(machine.run(&mut clock, 100 * MILLI) <= 1);
    }

    #[test]
    fn a_counter_that_stands_still_is_not_asked() {
        let mut machine = Machine { stands_still: true, ..Machine::new() };
        assert_eq!(machine.run(&mut { Clock::UNREAD }, 100 * MILLI), 0);
    }

    #[test]
    fn a_pause_makes_no_time_wrong() {
        let (mut machine, mut clock) = (Machine::new(), Clock::UNREAD);
        machine.run(&mut clock, 15 * MILLI);
        for pause in [MILLI - 1, MILLI, 7 * MILLI, 3_600_000 * MILLI] {
            machine.passed += pause;
            assert!(machine.now(&mut clock).abs_diff(machine.time()) <= 1);
            assert!(machine.run(&mut clock, 15 * MILLI) <= 1);
        }
    }

    #[test]
    fn the_time_is_that_of_the_system() {
        /// A thread that was interrupted between two readings is off by no more than that took.
        const PATIENCE: u64 = 1_000 * MILLI;
        for _ in 0..500_000 {
            let (before, time, after) = (system(), now(), system());
            assert!((before - PATIENCE..=after + PATIENCE).contains(&time), "{before} {time} {after}");
        }
    }
}
