//! The codec of a page: 4 KiB with a checksum. No files.
//!
//! A leaf holds records, a job and some of its lines' places; an inner page holds the first job of
//! each page below it. The checksum begins with what the page is for (log, stretch, number), so
//! that a sound page of another run, which a crash left in its place, is none of this one.

use crc32c::{crc32c, crc32c_append};

use super::Spot;
use crate::job::id::JobId;

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

const CRC: usize = 4;
const START: usize = CRC + 2;
const ID: usize = 16;

/// Bytes before a record's places: the job, and how many bytes they take.
const RECORD: usize = ID + 2;

/// Pages below an inner one, at most.
#[allow(clippy::cast_possible_truncation, reason = "a few hundred")]
pub(super) const FANOUT: u32 = ((PAGE - START) / ID) as u32;

/// Which page of which run this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    pub(super) inode: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    /// Within the run.
    pub(super) number: u64,
}

impl Name {
    fn crc(&self, bytes: &[u8]) -> u32 {
        let words = [self.inode, self.from, self.to, self.number];
        let name: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        crc32c_append(crc32c(&name), bytes)
    }
}

/// A page that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    bytes: Vec<u8>,
    count: u16,
    /// The first job in it.
    pub(super) first: Option<JobId>,
}

impl Filling {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; START], count: 0, first: None }
    }

    /// Adds a record with as many of the places as there is room for. Returns their number.
    pub(super) fn add(&mut self, job: JobId, spots: &[Spot]) -> usize {
        let room = PAGE.saturating_sub(self.bytes.len() + RECORD);
        let (mut encoded, mut taken, mut before) = (Vec::new(), 0, 0);
        for spot in spots {
            let fits = encoded.len();
            varint(spot.offset - before, &mut encoded);
            varint(spot.len.into(), &mut encoded);
            if encoded.len() > room {
                encoded.truncate(fits);
                break;
            }
            before = spot.offset;
            taken += 1;
        }
        if taken > 0 {
            let len = u16::try_from(encoded.len()).expect("less than a page");
            self.bytes.extend(job.bytes());
            self.bytes.extend(len.to_le_bytes());
            self.bytes.extend(encoded);
            self.begin_with(job);
        }
        taken
    }

    /// Adds the first job of a page below. Returns whether there was room.
    pub(super) fn add_fence(&mut self, job: JobId) -> bool {
        let fits = self.bytes.len() + ID <= PAGE;
        if fits {
            self.bytes.extend(job.bytes());
            self.begin_with(job);
        }
        fits
    }

    fn begin_with(&mut self, job: JobId) {
        self.first.get_or_insert(job);
        self.count += 1;
    }

    /// The whole page, checksum included.
    pub(super) fn seal(mut self, name: Name) -> Vec<u8> {
        self.bytes.resize(PAGE, 0);
        self.bytes[CRC..START].copy_from_slice(&self.count.to_le_bytes());
        let crc = name.crc(&self.bytes[CRC..]);
        self.bytes[..CRC].copy_from_slice(&crc.to_le_bytes());
        self.bytes
    }
}

/// A page whose checksum holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Page<'a> {
    rest: &'a [u8],
    count: u16,
}

impl<'a> Page<'a> {
    pub(super) fn open(bytes: &'a [u8], name: Name) -> Option<Self> {
        let (crc, sealed) = bytes.split_first_chunk::<CRC>()?;
        if name.crc(sealed) != u32::from_le_bytes(*crc) {
            return None;
        }
        let (count, rest) = sealed.split_first_chunk::<2>()?;
        Some(Self { rest, count: u16::from_le_bytes(*count) })
    }

    /// The records of a leaf.
    pub(super) fn records(self) -> impl Iterator<Item = Record<'a>> {
        let mut rest = self.rest;
        (0..self.count).map_while(move |_| {
            let (id, after) = rest.split_first_chunk::<ID>()?;
            let (len, after) = after.split_first_chunk::<2>()?;
            let (spots, after) = after.split_at_checked(u16::from_le_bytes(*len).into())?;
            rest = after;
            Some(Record { job: JobId::from_bytes(*id), spots })
        })
    }

    /// The first jobs of the pages below.
    pub(super) fn fences(self) -> impl Iterator<Item = JobId> {
        let ids = self.rest.as_chunks::<ID>().0;
        ids.iter().take(self.count.into()).map(|id| JobId::from_bytes(*id))
    }
}

/// Some lines of a job.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) job: JobId,
    spots: &'a [u8],
}

impl Record<'_> {
    /// `None` where the bytes are no places.
    pub(super) fn append_to(&self, spots: &mut Vec<Spot>) -> Option<()> {
        let (mut rest, mut offset) = (self.spots, 0_u64);
        while !rest.is_empty() {
            offset = offset.checked_add(read_varint(&mut rest)?)?;
            let len = u32::try_from(read_varint(&mut rest)?).ok()?;
            spots.push(Spot { offset, len });
        }
        Some(())
    }
}

/// Seven bits a byte, the lowest first.
fn varint(mut number: u64, bytes: &mut Vec<u8>) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = Name { inode: 1, from: 0, to: 9, number: 3 };

    fn id(number: u128) -> JobId {
        JobId::from_bytes(number.to_be_bytes())
    }

    #[test]
    fn a_leaf_is_read_as_it_was_filled_and_takes_no_more_than_it_holds() {
        let spots: Vec<Spot> =
            (0..3000).map(|n| Spot { offset: n * 1_000_000, len: 1 << (n % 32) }).collect();
        let mut filling = Filling::new();
        assert_eq!(filling.add(id(1), &spots[..2]), 2);
        let taken = filling.add(id(2), &spots);
        assert!((100..3000).contains(&taken), "{taken}");
        assert_eq!((filling.add(id(3), &spots[2999..]), filling.first), (0, Some(id(1))));
        let bytes = filling.seal(NAME);
        assert_eq!(bytes.len(), PAGE);
        let page = Page::open(&bytes, NAME).expect("sound");
        let read: Vec<(JobId, Vec<Spot>)> = page
            .records()
            .map(|record| {
                let mut spots = Vec::new();
                record.append_to(&mut spots).expect("places");
                (record.job, spots)
            })
            .collect();
        assert_eq!(read, [(id(1), spots[..2].to_vec()), (id(2), spots[..taken].to_vec())]);
    }

    #[test]
    fn an_inner_page_holds_as_many_jobs_as_it_says() {
        let mut filling = Filling::new();
        assert!((0..u128::from(FANOUT)).all(|number| filling.add_fence(id(number))));
        assert!(!filling.add_fence(id(1)));
        let bytes = filling.seal(NAME);
        let fences = Page::open(&bytes, NAME).expect("sound").fences();
        assert_eq!(fences.count(), FANOUT as usize);
    }

    #[test]
    fn a_damaged_page_and_one_of_another_run_are_none() {
        let mut filling = Filling::new();
        filling.add(id(1), &[Spot { offset: 5, len: 6 }]);
        let bytes = filling.seal(NAME);
        for at in 0..PAGE {
            let mut damaged = bytes.clone();
            damaged[at] ^= 4;
            assert!(Page::open(&damaged, NAME).is_none(), "byte {at}");
        }
        for name in [Name { inode: 2, ..NAME }, Name { to: 8, ..NAME }, Name { number: 4, ..NAME }]
        {
            assert!(Page::open(&bytes, name).is_none());
        }
        assert!(Page::open(&bytes[..100], NAME).is_none());
    }
}
